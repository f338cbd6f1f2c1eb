//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Eight blocks at once, a word of each in one register, as siftGeneric does it line by
// line for one. Only the blocks with a chain that hangs on the letters before it are
// looked at byte by byte.
//
//	DX  the sieve    SI  the mark before those of the blocks    AX  the text, two bytes before them
//	DI  their starts    CX  eights of blocks left    BX  blocks whose letters are asked for
//	Z0  digits    Z1  digits behind    Z2  chain    Z3  more of it    Z4  starts    Z5  long
//	Z6  pass    Z7  long if any    Z8  lettered if any    Z9  the run    Z10 to Z15  in between
//	Z20 to Z24  constants    Z25, Z26  evens and odds of two registers    Z27, Z28  bytes of chains

DATA evens<>+0(SB)/8, $0
DATA evens<>+8(SB)/8, $2
DATA evens<>+16(SB)/8, $4
DATA evens<>+24(SB)/8, $6
DATA evens<>+32(SB)/8, $8
DATA evens<>+40(SB)/8, $10
DATA evens<>+48(SB)/8, $12
DATA evens<>+56(SB)/8, $14
GLOBL evens<>(SB), RODATA|NOPTR, $64
DATA one<>+0(SB)/8, $1
GLOBL one<>(SB), RODATA|NOPTR, $8
DATA eight<>+0(SB)/8, $8
GLOBL eight<>(SB), RODATA|NOPTR, $8

#define BYTES(c, register) \
	MOVL         $c, R8 \
	VPBROADCASTB R8, register

// chain &= chain>>n | more<<(64-n); more &= more >> n
#define SHRINK(n) \
	VPSHRDQ $n, Z3, Z2, Z10 \
	VPSRLQ  $n, Z3, Z11     \
	VPANDQ  Z10, Z2, Z2     \
	VPANDQ  Z11, Z3, Z3

// Those of the runs with n digits and no more pass if they are long or lettered.
#define RUNS(n) \
	VPSHRDQ         $n, Z1, Z0, Z10 \
	VPANDNQ         Z9, Z10, Z11    \
	VPANDQ          Z10, Z9, Z9     \
	VPTERNLOGQ.BCST $0xF8, sieve_long+(8*n-8)(DX), Z11, Z7  \
	VPTERNLOGQ.BCST $0xF8, sieve_lettered+(8*n-8)(DX), Z11, Z8

// LETTERS makes a mask of the letters in a register.
#define LETTERS(register, mask) \
	VPORQ   Z20, register, Z10 \
	VPSUBB  Z21, Z10, Z10      \
	VPCMPUB $1, Z22, Z10, mask

// func siftAVX512(s *sieve, text *byte, marks *Digits, starts []uint64)
TEXT ·siftAVX512(SB), NOSPLIT, $64-48
	MOVQ s+0(FP), DX
	MOVQ text+8(FP), AX
	MOVQ marks+16(FP), SI
	MOVQ starts_base+24(FP), DI
	MOVQ starts_len+32(FP), CX
	BYTES(0x20, Z20)
	BYTES(0x61, Z21) // 'a'
	BYTES(26, Z22)
	BYTES(0x2D, Z24) // '-'
	VMOVDQU64    evens<>(SB), Z25
	VPADDQ.BCST  one<>(SB), Z25, Z26
	VPBROADCASTQ sieve_bytes(DX), Z27
	VPBROADCASTQ sieve_bytes+8(DX), Z28
	VPSUBQ       Z27, Z28, Z28
	VPSUBQ.BCST  eight<>(SB), Z27, Z27

eights:
	VMOVDQU64 (DI), Z4
	VPTESTMQ  Z4, Z4, K1
	KORTESTB  K1, K1
	JZ        next

	VMOVDQU64 0(SI), Z10
	VPERMT2Q  64(SI), Z25, Z10 // digits before
	VMOVDQU64 16(SI), Z0
	VMOVDQA64 Z0, Z2
	VPERMT2Q  80(SI), Z25, Z0
	VPERMT2Q  80(SI), Z26, Z2  // joints
	VMOVDQU64 32(SI), Z1
	VMOVDQA64 Z1, Z3
	VPERMT2Q  96(SI), Z25, Z1
	VPERMT2Q  96(SI), Z26, Z3  // joints behind

	// chain := digits | joints&(digits<<1|before>>63)&(digits>>1|next<<63)
	VPSHLDQ    $1, Z10, Z0, Z11
	VPSHRDQ    $1, Z1, Z0, Z12
	VPTERNLOGQ $0x80, Z12, Z11, Z2
	VPORQ      Z0, Z2, Z2

	// more := next | nextJoints&(next<<1|digits>>63)&(next>>1)
	VPSHLDQ    $1, Z0, Z1, Z11
	VPSRLQ     $1, Z1, Z12
	VPTERNLOGQ $0x80, Z12, Z11, Z3
	VPORQ      Z1, Z3, Z3

	SHRINK(1)
	SHRINK(2)
	SHRINK(4)

	// long := chain & (chain>>least | more<<(64-least)); more &= more >> least
	VMOVDQA64 Z2, Z5
	VPSHRDVQ  Z27, Z3, Z5
	VPANDQ    Z2, Z5, Z5
	VPSRLVQ   Z27, Z3, Z11
	VPANDQ    Z11, Z3, Z3

	// pass := long & (long>>least | more<<(64-least))
	VMOVDQA64 Z5, Z6
	VPSHRDVQ  Z28, Z3, Z6
	VPANDQ    Z5, Z6, Z6

	VMOVDQA64 Z0, Z9
	VPXORQ    Z7, Z7, Z7
	VPXORQ    Z8, Z8, Z8
	RUNS(1)
	RUNS(2)
	RUNS(3)
	RUNS(4)
	RUNS(5)
	RUNS(6)
	RUNS(7)
	VPORQ      Z9, Z6, Z6
	VPTERNLOGQ $0xF8, Z7, Z5, Z6

	// lettered & found &^ pass
	VPANDQ   Z4, Z8, Z8
	VPANDNQ  Z8, Z6, Z8
	VPTESTMQ Z8, Z8, K1
	KMOVB    K1, BX
	TESTL    BX, BX
	JZ       sifted

block:
	TZCNTQ    BX, R8
	BLSRQ     BX, BX
	MOVQ      R8, R9
	SHLQ      $6, R9
	VMOVDQU64 1(AX)(R9*1), Z13
	VMOVDQU64 (AX)(R9*1), Z14
	LETTERS(Z13, K1)
	LETTERS(Z14, K2)
	VPCMPEQB  Z20, Z13, K3
	VPCMPEQB  Z24, Z13, K4
	KORQ      K3, K4, K3
	KANDQ     K2, K3, K2
	KORQ      K1, K2, K1
	KMOVQ     K1, (SP)(R8*8)
	TESTL     BX, BX
	JNZ       block
	VPANDQ    (SP), Z8, Z8

sifted:
	// starts[i] = found & (pass | lettered)
	VPTERNLOGQ $0xE0, Z8, Z6, Z4
	VMOVDQU64  Z4, (DI)

next:
	ADDQ $512, AX
	ADDQ $128, SI
	ADDQ $64, DI
	SUBQ $8, CX
	JNZ  eights
	VZEROUPPER
	RET
