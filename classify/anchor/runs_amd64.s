//go:build !purego

#include "textflag.h"

#define BROADCAST(c, register, x) \
	MOVL         $(c*0x01010101), AX \
	VMOVD        AX, x               \
	VPBROADCASTD x, register

#define BITS(lo, hi, word) \
	VPMOVMSKB lo, word \
	VPMOVMSKB hi, R8   \
	SHLQ      $32, R8  \
	ORQ       R8, word

// func markRunsAVX2(text []byte, digits []Digits, runs []Runs, before uint64)
//
//	SI  the block       CX  blocks left    DI  its runs
//	R11 1 if a word goes on                R12 1 if a small letter was the last
//	R13 digits          BX, DX, R9, R10  marks
//	Y0, Y1  the block   Y2 to Y5  results    Y8 to Y10  constants
TEXT ·markRunsAVX2(SB), NOSPLIT, $0-80
	MOVQ text_base+0(FP), SI
	MOVQ digits_base+24(FP), R13
	MOVQ runs_base+48(FP), DI
	MOVQ runs_len+56(FP), CX
	MOVQ before+72(FP), R11
	XORL R12, R12
	BROADCAST(0x20, Y8, X8)  // the bit between the cases
	BROADCAST(0x05, Y9, X9)  // 'z' + 0x05 is 0x7F
	BROADCAST(0x65, Y10, X10)

runs:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1

	// letters: 'a' <= c|0x20 && c|0x20 <= 'z'
	VPOR     Y8, Y0, Y2
	VPOR     Y8, Y1, Y3
	VPADDB   Y9, Y2, Y2
	VPADDB   Y9, Y3, Y3
	VPCMPGTB Y10, Y2, Y2
	VPCMPGTB Y10, Y3, Y3
	BITS(Y2, Y3, DX)

	// lowers: letters with the bit between the cases; uppers: the others
	VPSLLW $2, Y0, Y4
	VPSLLW $2, Y1, Y5
	BITS(Y4, Y5, BX)
	ANDQ   DX, BX
	XORQ   BX, DX

	// odd: uppers&(lowers<<1|before) | wide
	LEAQ (R12)(BX*2), R9
	MOVQ BX, R12
	SHRQ $63, R12
	ANDQ DX, R9
	BITS(Y0, Y1, R10)
	ORQ  R10, R9
	MOVQ R9, 8(DI)

	// words: letters | digits; starts: words &^ (words<<1 | before)
	ORQ      BX, DX
	ORQ      (R13), DX
	MOVQ     DX, (DI)
	LEAQ     (R11)(DX*2), R9
	MOVQ     DX, R11
	SHRQ     $63, R11
	NOTQ     R9
	ANDQ     DX, R9
	MOVQ     R9, 16(DI)

	ADDQ $64, SI
	ADDQ $24, DI
	ADDQ $16, R13
	DECQ CX
	JNZ  runs
	VZEROUPPER
	RET
