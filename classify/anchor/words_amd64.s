//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The words of a block are found by counting zeros, which plain Go does with slower
// instructions, and hashed without a jump but for those at the end of the loops. A
// word that is too long, or none, is odd, and rare.
//
//	SI  the block            DI  its runs, the next ones behind    R14  the last runs
//	BX  starts left          AX  the place k of one in the block
//	R8  hashes               R9  words          R11  words noted
//	R13 the size             R10, R12, R15, CX, DX  results

DATA ·bothCases+0(SB)/8, $0x2020202020202020
GLOBL ·bothCases(SB), RODATA|NOPTR, $8
DATA ·spreadWord+0(SB)/8, $0x9E3779B97F4A7C15
GLOBL ·spreadWord(SB), RODATA|NOPTR, $8

// func noteWordsBMI(list *WordList, text []byte, blocks int) int
TEXT ·noteWordsBMI(SB), NOSPLIT, $0-48
	MOVQ list+0(FP), DI
	MOVQ text_base+8(FP), SI
	MOVQ blocks+32(FP), R14
	LEAQ WordList_Hash(DI), R8
	LEAQ WordList_Word(DI), R9
	LEAQ (R14)(R14*2), R14
	LEAQ (DI)(R14*8), R14
	XORL R11, R11

block:
	MOVQ  Runs_Starts(DI), BX
	TESTQ BX, BX
	JZ    next

word:
	// k := bits.TrailingZeros64(starts); starts &= starts - 1
	TZCNTQ BX, AX
	BLSRQ  BX, BX
	MOVQ   AX, DX
	XORQ   $63, DX

	// size := bits.TrailingZeros64(^(r.Words>>k | behind.Words<<1<<(63-k)))
	SHRXQ  AX, Runs_Words(DI), R13
	SHLXQ  DX, Runs__size+Runs_Words(DI), R15
	ADDQ   R15, R15
	ORQ    R15, R13
	NOTQ   R13
	TZCNTQ R13, R13

	// odd := (r.Odd>>k | behind.Odd<<1<<(63-k)) & (2<<size-1)
	SHRXQ AX, Runs_Odd(DI), R15
	SHLXQ DX, Runs__size+Runs_Odd(DI), R12
	ADDQ  R12, R12
	ORQ   R12, R15
	LEAQ  1(R13), R12
	BZHIQ R12, R15, R15

	// w.Flags: odd != 0 || size == 0 || size == MaxWord
	LEAQ -1(R13), R12
	CMPQ R12, $63
	JAE  none

flag:
	XORL  DX, DX
	TESTQ R15, R15
	SETNE DX
	SHLL  $24, DX

	// at | size<<16 | gapBehind[text[at+size]]
	MOVQ    (SI)(AX*1), R15
	ADDQ    SI, AX
	MOVBLZX (AX)(R13*1), R10
	LEAQ    ·gapBehind(SB), R12
	ORL     (R12)(R10*4), DX
	SUBQ    text_base+8(FP), AX
	ORL     AX, DX
	MOVL    R13, R10
	SHLL    $16, R10
	ORL     R10, DX
	MOVL    DX, (R9)

	// list.Hash[n] = HashWord(text[at:], size)
	ORQ     ·bothCases(SB), R15
	MOVL    $8, AX
	CMPQ    R13, AX
	CMOVQLT R13, AX
	NEGQ    AX
	SHLQ    $3, AX
	SHLXQ   AX, R15, R15
	ADDQ    R13, R15
	IMULQ   ·spreadWord(SB), R15
	MOVQ    R15, (R8)
	ADDQ    $8, R8
	ADDQ    $4, R9
	INCQ    R11
	TESTQ   BX, BX
	JNZ     word

next:
	ADDQ $64, SI
	ADDQ $Runs__size, DI
	CMPQ DI, R14
	JB   block
	MOVQ R11, ret+40(FP)
	RET

none:
	MOVL $1, R15
	JMP  flag
