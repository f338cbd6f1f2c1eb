//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// What begins at a place of a block is moved to the bottom of a word, its runs are
// taken off one by one by additions, and counted; then tables are looked up. It is
// done without a jump that cannot be foreseen, as takeGeneric does it line by line: where
// wants tell more of what stands around chains, hardly one is wanted.
//
//	DX  the set       SI  the block         R12  starts left      DI  the next hit
//	R8  digits        R9  next              R10  chain            R11  more
//	CX  the place     AX  wants             BX, R13, R14, R15  in between

DATA takeLimits<>+0(SB)/8, $7
DATA takeLimits<>+8(SB)/8, $31
DATA takeLimits<>+16(SB)/8, $-1
GLOBL takeLimits<>(SB), RODATA|NOPTR, $24

// func takeBMI(s *Set, block *byte, at int, starts uint64, p *places, hits *Hit, among uint64) int
TEXT ·takeBMI(SB), NOSPLIT, $0-64
	MOVQ s+0(FP), DX
	MOVQ block+8(FP), SI
	MOVQ starts+24(FP), R12
	MOVQ p+32(FP), AX
	MOVQ hits+40(FP), DI
	MOVQ places_digits(AX), R8
	MOVQ places_next(AX), R9
	MOVQ places_chain(AX), R10
	MOVQ places_more(AX), R11
	TESTQ R12, R12
	JZ    done

next:
	// k := bits.TrailingZeros64(starts); h.At = at + k
	TZCNTQ R12, CX
	BLSRQ  R12, R12
	MOVQ   at+16(FP), BX
	ADDQ   CX, BX
	MOVQ   BX, Hit_At(DI)

	// all := (digits>>k | next<<(63-k)) & (end&-end - 1), where end is no digit
	MOVQ    CX, BX
	XORQ    $63, BX
	SHRXQ   CX, R8, AX
	SHLXQ   BX, R9, R14
	ORQ     R14, AX
	SHRXQ   CX, R10, R14
	SHLXQ   BX, R11, R15
	ORQ     R15, R14
	NOTQ    R14
	BLSMSKQ R14, R14
	ANDQ    R14, AX

	// behind, total, rest, first
	LEAQ    1(AX), R14
	ANDQ    AX, R14
	POPCNTQ AX, R13
	POPCNTQ R14, R15
	MOVQ    Set_digits(DX)(R13*8), AX
	SUBQ    R15, R13

	// s.digits[total] & after & among
	ADDQ     SI, CX
	MOVBLZX  (CX)(R13*1), BX
	MOVQ     Set_after(DX)(BX*8), BX
	CMPQ     R13, $31
	CMOVQGE  takeLimits<>+16(SB), BX
	CMOVQGT  takeLimits<>+8(SB), R13
	ANDQ     BX, AX
	ANDQ     among+48(FP), AX

	// s.outer(text, i, first) & s.before[b], if any want needs that
	CMPQ    Set_isOuter(DX), $0
	JEQ     runs
	MOVBLZX -1(CX), BX
	ANDQ    Set_before(DX)(BX*8), AX
	MOVBLZX (CX), BX
	ANDL    $15, BX
	ANDQ    Set_first(DX)(BX*8), AX
	MOVBLZX -2(CX), BX
	ANDQ    Set_before2(DX)(BX*8), AX
	MOVBLZX -3(CX), BX
	ANDQ    Set_before3(DX)(BX*8), AX
	CMPQ    R13, $31
	JGE     runs
	MOVBLZX 1(CX)(R13*1), BX
	ANDQ    Set_after2(DX)(BX*8), AX
	MOVBLZX 2(CX)(R13*1), BX
	ANDQ    Set_after3(DX)(BX*8), AX
	JEQ     skip

runs:
	// behind2, behind3, second, third
	BLSIQ   R14, BX
	ADDQ    R14, BX
	ANDQ    R14, BX
	BLSIQ   BX, R14
	ADDQ    BX, R14
	ANDQ    BX, R14
	POPCNTQ BX, BX
	POPCNTQ R14, R14
	SUBQ    BX, R15
	SUBQ    R14, BX

	// s.masks[s.runs[min(first, 31)][min(second, 7)][min(third, 7)]]
	CMPQ     R15, $7
	CMOVQGT  takeLimits<>+0(SB), R15
	CMPQ     BX, $7
	CMOVQGT  takeLimits<>+0(SB), BX
	LEAQ     (R15)(R13*8), R14
	LEAQ     (BX)(R14*8), R14
	MOVWLZX  Set_runs(DX)(R14*2), R14
	MOVQ     Set_masks(DX), R15
	ANDQ     (R15)(R14*8), AX

	// s.before[b] & s.past[letters[b]&gap|letters[c]&letter]
	MOVBLZX -1(CX), R13
	MOVBLZX -2(CX), R14
	ANDQ    Set_before(DX)(R13*8), AX
	LEAQ    ·letters(SB), R15
	MOVBLZX (R15)(R13*1), R13
	MOVBLZX (R15)(R14*1), R14
	ANDL    $2, R13
	ANDL    $1, R14
	ORL     R14, R13
	ANDQ    Set_past(DX)(R13*8), AX
	MOVQ    AX, Hit_Wants(DI)

	// n += int((h.Wants | -h.Wants) >> 63)
	LEAQ    Hit__size(DI), R14
	TESTQ   AX, AX
	CMOVQNE R14, DI

skip:
	TESTQ R12, R12
	JNZ   next

done:
	SUBQ hits+40(FP), DI
	SHRQ $4, DI
	MOVQ DI, ret+56(FP)
	RET
