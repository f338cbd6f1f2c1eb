//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// What begins at a place is moved to the bottom of a word, its runs are taken off one by
// one by additions, and counted; then tables are looked up. It is done without a jump that
// depends on the text, but for runs of 31 digits and more, as takeGeneric does it line by
// line. The places of many blocks stand in a list, as a loop over each block's own would
// be left at random.
//
//	DX  the set       SI  the text          R12  the list       DI  the next hit
//	R8  digits        R9  next              R10  chain          R11  more
//	CX  the place     AX  wants             BX, R13, R14, R15  in between

DATA takeLimits<>+0(SB)/8, $7
DATA takeLimits<>+8(SB)/8, $31
DATA takeLimits<>+16(SB)/8, $-1
GLOBL takeLimits<>(SB), RODATA|NOPTR, $24

// func takeBMI(s *Set, text *byte, marks *Digits, at int, list []uint16, hits *Hit, among uint64) int
TEXT ·takeBMI(SB), NOSPLIT, $8-80
	MOVQ s+0(FP), DX
	MOVQ text+8(FP), SI
	MOVQ list_base+32(FP), R12
	MOVQ list_len+40(FP), AX
	LEAQ (R12)(AX*2), AX
	MOVQ AX, end-8(SP)
	MOVQ hits+56(FP), DI

next:
	// h.At = at + place
	MOVWLZX (R12), CX
	ADDQ    $2, R12
	MOVQ    at+24(FP), BX
	ADDQ    CX, BX
	MOVQ    BX, Hit_At(DI)

	// digits and next, and before at the bottom of BX
	MOVQ CX, R13
	SHRQ $6, R13
	SHLQ $4, R13
	ADDQ marks+16(FP), R13
	MOVQ Digits_Digits(R13), R8
	MOVQ (Digits__size+Digits_Digits)(R13), R9
	MOVQ (Digits_Digits-Digits__size)(R13), BX
	SHRQ $63, BX

	// chain := digits | joints&(digits<<1|before)&(digits>>1|next<<63)
	LEAQ (BX)(R8*2), BX
	MOVQ R9, R14
	SHLQ $63, R14
	MOVQ R8, R10
	SHRQ $1, R10
	ORQ  R14, R10
	ANDQ BX, R10
	ANDQ Digits_Joints(R13), R10
	ORQ  R8, R10

	// more := (next | nextJoints&(next<<1|digits>>63)&(next>>1)) << 1; next <<= 1
	MOVQ R8, BX
	SHRQ $63, BX
	LEAQ (BX)(R9*2), BX
	MOVQ R9, R11
	SHRQ $1, R11
	ANDQ BX, R11
	ANDQ (Digits__size+Digits_Joints)(R13), R11
	ORQ  R9, R11
	ADDQ R11, R11
	ADDQ R9, R9

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
	ANDQ     among+64(FP), AX

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
	CMPQ R12, end-8(SP)
	JNE  next

	SUBQ hits+56(FP), DI
	SHRQ $4, DI
	MOVQ DI, ret+72(FP)
	RET
