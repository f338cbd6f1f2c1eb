//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Words are noted and looked up eight at a time, one in each of the eight parts of a
// register.

DATA wordBytes<>+0(SB)/8, $0x0706050403020100
DATA wordBytes<>+8(SB)/8, $0x0F0E0D0C0B0A0908
DATA wordBytes<>+16(SB)/8, $0x1716151413121110
DATA wordBytes<>+24(SB)/8, $0x1F1E1D1C1B1A1918
DATA wordBytes<>+32(SB)/8, $0x2726252423222120
DATA wordBytes<>+40(SB)/8, $0x2F2E2D2C2B2A2928
DATA wordBytes<>+48(SB)/8, $0x3736353433323130
DATA wordBytes<>+56(SB)/8, $0x3F3E3D3C3B3A3938
GLOBL wordBytes<>(SB), RODATA|NOPTR, $64
DATA wordParts<>+0(SB)/8, $0x0000000000000000
DATA wordParts<>+8(SB)/8, $0x0101010101010101
DATA wordParts<>+16(SB)/8, $0x0202020202020202
DATA wordParts<>+24(SB)/8, $0x0303030303030303
DATA wordParts<>+32(SB)/8, $0x0404040404040404
DATA wordParts<>+40(SB)/8, $0x0505050505050505
DATA wordParts<>+48(SB)/8, $0x0606060606060606
DATA wordParts<>+56(SB)/8, $0x0707070707070707
GLOBL wordParts<>(SB), RODATA|NOPTR, $64
DATA wordIndex<>+0(SB)/8, $0x0003000200010000
DATA wordIndex<>+8(SB)/8, $0x0007000600050004
GLOBL wordIndex<>(SB), RODATA|NOPTR, $16

#define EACH(c, register) \
	MOVQ         $c, AX \
	VPBROADCASTQ AX, register

// RUN is a word of marks from the places on: r.Words>>k | behind.Words<<1<<(63-k).
#define RUN(marks, behind, places, run) \
	VMOVDQA64 marks, run \
	VPSHRDVQ  places, behind, run

// func noteWordsAVX512(list *WordList, text []byte, blocks int) int
//
//	SI  the block     DI  its runs    DX  blocks left     BX  words left in the block
//	R8  hashes        R9  words       R11 words noted
//	Z0  places of words    Z1, Z2  the text    Z3 to Z6  marks, of this block and the next
//	Z10  places of eight    Z11  their texts, then hashes    Z12 to Z18  results
//	Z19  the block's place  Z7 to Z9, Z20 to Z31  constants
TEXT ·noteWordsAVX512(SB), NOSPLIT, $0-48
	MOVQ list+0(FP), DI
	MOVQ text_base+8(FP), SI
	MOVQ blocks+32(FP), DX
	LEAQ WordList_Hash(DI), R8
	LEAQ WordList_Word(DI), R9
	VMOVDQU64 wordBytes<>(SB), Z31
	VMOVDQU64 wordParts<>(SB), Z30
	EACH(0x0706050403020100, Z29)
	EACH(0xFF, Z28)
	EACH(8, Z27)
	EACH(64, Z26)
	EACH(0x2020202020202020, Z25)
	EACH(0x9E3779B97F4A7C15, Z24)
	EACH(0x01000000, Z23)
	EACH(0x02000000, Z22)
	EACH(-1, Z21)
	EACH(63, Z20)
	EACH(0x80, Z9)
	VMOVDQU64 ·gapsASCII(SB), Z7
	VMOVDQU64 ·gapsASCII+64(SB), Z8
	VPXORQ Z19, Z19, Z19
	XORL R11, R11

block:
	MOVQ  Runs_Starts(DI), BX
	TESTQ BX, BX
	JZ    next
	KMOVQ BX, K1
	VPCOMPRESSB.Z Z31, K1, Z0
	POPCNTQ BX, BX
	VMOVDQU64 (SI), Z1
	VMOVDQU64 64(SI), Z2
	VPBROADCASTQ Runs_Words(DI), Z3
	VPBROADCASTQ Runs__size+Runs_Words(DI), Z4
	VPBROADCASTQ Runs_Odd(DI), Z5
	VPBROADCASTQ Runs__size+Runs_Odd(DI), Z6
	ADDQ BX, R11

eight:
	// k, eight times, and the bytes from there on
	VPERMB   Z0, Z30, Z10
	VPADDB   Z29, Z10, Z11
	VPERMI2B Z2, Z1, Z11
	VPANDQ   Z28, Z10, Z10

	// size: the ones at the bottom of the run; to where it and what is right behind reach
	RUN(Z3, Z4, Z10, Z12)
	VPSUBQ   Z21, Z12, Z13
	VPXORQ   Z12, Z13, Z14
	VPANDNQ  Z12, Z13, Z16
	VPOPCNTQ Z16, Z16

	// odd, or as long as MaxWord, or none
	RUN(Z5, Z6, Z10, Z17)
	VPTESTMQ Z14, Z17, K2
	VPADDQ   Z21, Z16, Z17
	VPCMPUQ  $5, Z20, Z17, K4
	KORB     K4, K2, K2

	// gapBehind[text[at+size]], by tables for ASCII
	VPADDQ    Z10, Z16, Z18
	VPERMI2B  Z2, Z1, Z18
	VMOVDQA64 Z18, Z17
	VPERMI2B  Z8, Z7, Z17
	VPANDNQ   Z17, Z18, Z17
	VPTESTMQ  Z9, Z17, K3

	// HashWord(text[at:], size)
	VPMINUQ  Z27, Z16, Z17
	VPSLLQ   $3, Z17, Z17
	VPSUBQ   Z17, Z26, Z17
	VPANDQ   Z20, Z17, Z17
	VPORQ    Z25, Z11, Z11
	VPSLLVQ  Z17, Z11, Z11
	VPADDQ   Z16, Z11, Z11
	VPMULLQ  Z24, Z11, Z11
	VMOVDQU64 Z11, (R8)

	// Word{at, size, flags}
	VPSLLQ  $16, Z16, Z16
	VPADDQ  Z19, Z10, Z10
	VPORQ   Z16, Z10, Z10
	VPORQ   Z23, Z10, K2, Z10
	VPORQ   Z22, Z10, K3, Z10
	VPMOVQD Z10, (R9)

	SUBQ $8, BX
	JLE  last
	ADDQ $64, R8
	ADDQ $32, R9
	VALIGNQ $1, Z0, Z0, Z0
	JMP  eight

last:
	LEAQ 64(R8)(BX*8), R8
	LEAQ 32(R9)(BX*4), R9

next:
	VPADDQ Z26, Z19, Z19
	ADDQ   $64, SI
	ADDQ   $Runs__size, DI
	DECQ   DX
	JNZ    block
	VZEROUPPER
	MOVQ   R11, ret+40(FP)
	RET

// WHERE is at := h >> s.shift, and keeps at >> bitsOf, the indices of eight words. To load
// these one by one takes less than half the time of VPGATHERQQ.
#define WHERE(h, shift, at, i) \
	VPSRLQ    shift, h, at \
	VPSRLQ    $18, at, Z5  \
	VMOVDQU64 Z5, i(SP)

#define TWO(i, bits, words) \
	MOVQ     i(SP), AX       \
	MOVQ     (i+8)(SP), CX   \
	VMOVQ    (bits)(AX*8), words \
	VPINSRQ  $1, (bits)(CX*8), words, words

// HAS is s.Bit(h), as words with that in their lowest bit.
#define HAS(bits, i, at, found) \
	TWO(i, bits, X5)                 \
	TWO(i+16, bits, X6)              \
	VINSERTI128 $1, X6, Y5, Y5       \
	TWO(i+32, bits, X6)              \
	TWO(i+48, bits, X7)              \
	VINSERTI128 $1, X7, Y6, Y6       \
	VINSERTI64X4 $1, Y6, Z5, Z5      \
	VPRORVQ  at, Z5, found           \
	VPSRLQ   $6, at, at              \
	VPRORVQ  at, Z5, Z6              \
	VPSRLQ   $6, at, at              \
	VPRORVQ  at, Z5, Z5              \
	VPTERNLOGQ $0x80, Z6, Z5, found

// func passWordsAVX512(list *WordList, n int, whole, pairs *Hashes) int
//
//	R8  hashes    R9  words    R10 pass    DX  words left    R11 words passed
//	R12, X16  bits and shift of whole    R13, X17  of pairs    X18  indices
//	Z0, Z1  hashes, and those of the next    Z2, Z3  words, and the next
//	Z4 to Z9  results    Z19 to Z24  constants
TEXT ·passWordsAVX512(SB), NOSPLIT, $128-40
	MOVQ list+0(FP), DI
	MOVQ n+8(FP), DX
	LEAQ WordList_Hash(DI), R8
	LEAQ WordList_Word(DI), R9
	LEAQ WordList_Pass(DI), R10
	MOVQ whole+16(FP), AX
	MOVQ Hashes_bits(AX), R12
	VMOVQ Hashes_shift(AX), X16
	MOVQ pairs+24(FP), AX
	MOVQ Hashes_bits(AX), R13
	VMOVQ Hashes_shift(AX), X17
	VMOVDQU64 wordIndex<>(SB), X18
	EACH(0xD6E8FEB86659FD93, Z20)
	EACH(1, Z21)
	EACH(0x02000000, Z22)
	EACH(0x01000000, Z23)
	MOVL $0x00080008, AX
	VPBROADCASTD AX, X19
	MOVL $0x80008000, AX // Paired
	VPBROADCASTD AX, X24
	XORL R11, R11
	TESTQ DX, DX
	JZ   passed

pass:
	VMOVDQU64 (R8), Z0
	VMOVDQU64 8(R8), Z1
	VPMOVZXDQ (R9), Z2
	VPMOVZXDQ 4(R9), Z3

	// odd, and where a gap is between, odd of the next
	VPTESTMQ Z22, Z2, K1
	VPTESTMQ Z23, Z2, K2
	VPTESTMQ Z23, Z3, K1, K3

	// HashPair(hash, next), where next is 0 if there is no gap
	VMOVDQA64.Z Z1, K1, Z1
	VPROLQ   $29, Z0, Z4
	VPXORQ   Z1, Z4, Z4
	VPMULLQ  Z20, Z4, Z4

	WHERE(Z0, X16, Z10, 0)
	WHERE(Z4, X17, Z11, 64)
	HAS(R12, 0, Z10, Z8)
	HAS(R13, 64, Z11, Z9)
	VPTESTMQ Z21, Z8, K4
	VPTESTMQ Z21, Z9, K5
	KORB     K5, K3, K3
	KORB     K4, K2, K2
	KORB     K3, K2, K2
	VMOVDQA64 X18, X4
	VPADDW   X24, X18, K3, X4
	KMOVB    K2, AX
	CMPQ     DX, $8
	JLT      end

some:
	VPCOMPRESSW.Z X4, K2, X4
	VMOVDQU X4, (R10)
	POPCNTL AX, AX
	LEAQ    (R10)(AX*2), R10
	ADDQ    AX, R11
	VPADDW X19, X18, X18
	ADDQ $64, R8
	ADDQ $32, R9
	SUBQ $8, DX
	JG   pass

passed:
	VZEROUPPER
	MOVQ R11, ret+32(FP)
	RET

end:
	// what is behind the last word is none
	MOVL  DX, CX
	MOVL  $1, BX
	SHLL  CX, BX
	DECL  BX
	ANDL  BX, AX
	KMOVB AX, K2
	JMP   some
