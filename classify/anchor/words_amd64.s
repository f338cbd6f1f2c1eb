//go:build !purego

#include "textflag.h"

// The words of a block are found by counting zeros, which plain Go does with slower
// instructions, and hashed without a jump but for those at the end of the loops. A
// word that is too long, or none, is odd, and rare.
//
//	SI  the block            DI  its runs, the next ones behind    R14  the last runs
//	BX  starts left          AX  the place k of one in the block
//	R8  the word noted       R11 its index      R9  pass      R10  how many passed
//	R12 bits of the set      CX  their shift    R13  the size    R15, DX  results

DATA ·bothCases+0(SB)/8, $0x2020202020202020
GLOBL ·bothCases(SB), RODATA|NOPTR, $8
DATA ·spread+0(SB)/8, $0x9E3779B97F4A7C15
GLOBL ·spread(SB), RODATA|NOPTR, $8

// func hashWordsBMI(s *Hashes, text []byte, runs []Runs, words []Word, pass []uint16) (n, passed int)
TEXT ·hashWordsBMI(SB), NOSPLIT, $0-120
	MOVQ s+0(FP), AX
	MOVQ (AX), R12
	MOVQ 24(AX), CX
	MOVQ text_base+8(FP), SI
	MOVQ runs_base+32(FP), DI
	MOVQ runs_len+40(FP), AX
	LEAQ (AX)(AX*2), AX
	LEAQ -24(DI)(AX*8), R14
	MOVQ words_base+56(FP), R8
	MOVQ pass_base+80(FP), R9
	XORL R10, R10
	XORL R11, R11

block:
	MOVQ  16(DI), BX
	TESTQ BX, BX
	JZ    next

word:
	// k := bits.TrailingZeros64(starts); starts &= starts - 1
	TZCNTQ BX, AX
	BLSRQ  BX, BX
	MOVQ   AX, DX
	XORQ   $63, DX

	// size := bits.TrailingZeros64(^(r.Words>>k | behind.Words<<1<<(63-k)))
	SHRXQ  AX, (DI), R13
	SHLXQ  DX, 24(DI), R15
	ADDQ   R15, R15
	ORQ    R15, R13
	NOTQ   R13
	TZCNTQ R13, R13

	// odd := (r.Odd>>k | behind.Odd<<1<<(63-k)) & (2<<size-1)
	SHRXQ AX, 8(DI), R15
	SHLXQ DX, 32(DI), DX
	ADDQ  DX, DX
	ORQ   DX, R15
	LEAQ  1(R13), DX
	BZHIQ DX, R15, R15

	// w.Odd: odd != 0 || size == 0 || size == MaxWord
	LEAQ -1(R13), DX
	CMPQ DX, $63
	JAE  none

flag:
	XORL  DX, DX
	TESTQ R15, R15
	SETNE DX

	// w.Hash = HashWord(text[at:], size)
	MOVQ    (SI)(AX*1), R15
	ADDQ    SI, AX
	ORQ     ·bothCases(SB), R15
	SUBQ    text_base+8(FP), AX
	MOVW    AX, 8(R8)
	MOVL    $8, AX
	CMPQ    R13, AX
	CMOVQLT R13, AX
	NEGQ    AX
	SHLQ    $3, AX
	SHLXQ   AX, R15, R15
	ADDQ    R13, R15
	IMULQ   ·spread(SB), R15
	MOVQ    R15, (R8)
	MOVB    R13, 10(R8)
	MOVB    DX, 11(R8)
	MOVW    R11, (R9)(R10*2)

	// passed += s.Bit(w.Hash) | w.Odd; n++
	SHRXQ CX, R15, R15
	MOVQ  R15, AX
	SHRQ  $6, AX
	MOVQ  (R12)(AX*8), AX
	BTQ   R15, AX
	ADCQ  $1, DX
	SHRQ  $1, DX
	ADDQ  DX, R10
	ADDQ  $16, R8
	INCQ  R11
	TESTQ BX, BX
	JNZ   word

next:
	ADDQ $64, SI
	ADDQ $24, DI
	CMPQ DI, R14
	JB   block
	MOVQ R11, n+104(FP)
	MOVQ R10, passed+112(FP)
	RET

none:
	MOVL $1, R15
	JMP  flag
