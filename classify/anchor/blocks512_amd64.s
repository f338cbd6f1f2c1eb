//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// A block of 64 bytes is one register, and a comparison makes its word. Few characters
// that differ in their lower half are found together: a table gives for each half the
// one that has it, and that is compared.
//
// Registers of those that mark:
//	SI  the block        CX  blocks left, never 0 at the head of the loop
//	DI  its marks        Z0  the block    Z1 to Z4  results    Z8 to Z15  constants

#define BYTES(c, register) \
	MOVL         $c, AX \
	VPBROADCASTB AX, register

// '-', '.' and ' ' by their lower half; where there is none stands one of another half.
DATA joints<>+0(SB)/8, $0x0000000000000020
DATA joints<>+8(SB)/8, $0x002E2D0000000000
GLOBL joints<>(SB), RODATA|NOPTR, $16

// CR and LF likewise.
DATA breaks<>+0(SB)/8, $0x00000000000000FF
DATA breaks<>+8(SB)/8, $0x00000D00000A0000
GLOBL breaks<>(SB), RODATA|NOPTR, $16

// TAB, ';' and ',' likewise.
DATA delims<>+0(SB)/8, $0x00000000000000FF
DATA delims<>+8(SB)/8, $0x0000002C3B000900
GLOBL delims<>(SB), RODATA|NOPTR, $16

// func markDigitsAVX512(text []byte, marks []Digits)
TEXT ·markDigitsAVX512(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ marks_base+24(FP), DI
	MOVQ marks_len+32(FP), CX
	BYTES(0x30, Z8) // '0'
	BYTES(10, Z9)
	VBROADCASTI32X4 joints<>(SB), Z10

digits:
	VMOVDQU64 (SI), Z0

	// digits: c - '0' < 10
	VPSUBB  Z8, Z0, Z1
	VPCMPUB $1, Z9, Z1, K1
	KMOVQ   K1, AX

	// joints: c == '-' || c == '.' || c == ' ', if there are digits
	VPSHUFB  Z0, Z10, Z2
	VPCMPEQB Z0, Z2, K2
	KMOVQ    K2, BX
	TESTQ    AX, AX
	CMOVQEQ  AX, BX

	MOVQ AX, (DI)
	MOVQ BX, 8(DI)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  digits
	VZEROUPPER
	RET

// func markLinesAVX512(text []byte, marks []Lines)
TEXT ·markLinesAVX512(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ marks_base+24(FP), DI
	MOVQ marks_len+32(FP), CX
	BYTES(0x0A, Z8) // LF
	BYTES(0x7C, Z9) // '|'
	VBROADCASTI32X4 breaks<>(SB), Z10
	VBROADCASTI32X4 delims<>(SB), Z11

lines:
	VMOVDQU64 (SI), Z0

	// breaks: c == '\r' || c == '\n'; feeds: c == '\n'
	VPSHUFB  Z0, Z10, Z1
	VPCMPEQB Z0, Z1, K1
	VPCMPEQB Z0, Z8, K2
	KMOVQ    K1, (DI)
	KMOVQ    K2, 8(DI)

	// delims: c == '\t' || c == ';' || c == ',' || c == '|'
	VPSHUFB  Z0, Z11, Z2
	VPCMPEQB Z0, Z2, K3
	VPCMPEQB Z0, Z9, K4
	KORQ     K3, K4, K3
	KMOVQ    K3, 16(DI)

	ADDQ $64, SI
	ADDQ $24, DI
	DECQ CX
	JNZ  lines
	VZEROUPPER
	RET

// func markCellsAVX512(text []byte, marks []Cells)
TEXT ·markCellsAVX512(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ marks_base+24(FP), DI
	MOVQ marks_len+32(FP), CX
	BYTES(0x09, Z8)  // TAB
	BYTES(0x7C, Z9)  // '|'
	BYTES(0x3B, Z10) // ';'
	BYTES(0x2C, Z11) // ','
	BYTES(0x22, Z12) // '"'

cells:
	VMOVDQU64 (SI), Z0
	VPCMPEQB  Z0, Z8, K1
	VPCMPEQB  Z0, Z9, K2
	VPCMPEQB  Z0, Z10, K3
	VPCMPEQB  Z0, Z11, K4
	VPCMPEQB  Z0, Z12, K5
	KMOVQ     K1, 0(DI)
	KMOVQ     K2, 8(DI)
	KMOVQ     K3, 16(DI)
	KMOVQ     K4, 24(DI)
	KMOVQ     K5, 32(DI)
	ADDQ      $64, SI
	ADDQ      $40, DI
	DECQ      CX
	JNZ       cells
	VZEROUPPER
	RET

// func markRunsAVX512(text []byte, digits []Digits, runs []Runs, before uint64)
//
//	R9  digits    R11 1 if a word goes on    R12 1 if a small letter was the last
//	AX, BX, DX, R8  marks
TEXT ·markRunsAVX512(SB), NOSPLIT, $0-80
	MOVQ text_base+0(FP), SI
	MOVQ digits_base+24(FP), R9
	MOVQ runs_base+48(FP), DI
	MOVQ runs_len+56(FP), CX
	MOVQ before+72(FP), R11
	XORL R12, R12
	BYTES(0x61, Z9)  // 'a'
	BYTES(0x41, Z10) // 'A'
	BYTES(26, Z11)

runs:
	VMOVDQU64 (SI), Z0

	// lowers: c - 'a' < 26; uppers: c - 'A' < 26; wide: c >= 0x80
	VPSUBB   Z9, Z0, Z1
	VPSUBB   Z10, Z0, Z2
	VPCMPUB  $1, Z11, Z1, K1
	VPCMPUB  $1, Z11, Z2, K2
	VPMOVB2M Z0, K3
	KMOVQ    K1, BX
	KMOVQ    K2, DX
	KMOVQ    K3, R8

	// odd: uppers&(lowers<<1|lower) | wide; lower = lowers >> 63
	LEAQ (R12)(BX*2), AX
	MOVQ BX, R12
	SHRQ $63, R12
	ANDQ DX, AX
	ORQ  R8, AX
	MOVQ AX, 8(DI)

	// words: lowers | uppers | digits; starts: words &^ (words<<1 | before)
	ORQ   BX, DX
	ORQ   (R9), DX
	MOVQ  DX, (DI)
	LEAQ  (R11)(DX*2), AX
	MOVQ  DX, R11
	SHRQ  $63, R11
	ANDNQ DX, AX, AX
	MOVQ  AX, 16(DI)

	ADDQ $64, SI
	ADDQ $16, R9
	ADDQ $24, DI
	DECQ CX
	JNZ  runs
	VZEROUPPER
	RET

// NEXT takes a byte behind the place: groups &= exact[j][c], or all of them if it is
// not ASCII.
#define NEXT(at, lower, upper) \
	VMOVDQU64 at(SI), Z1         \
	VPMOVB2M  Z1, K3             \
	VPERMI2B  upper, lower, Z1   \
	VMOVDQU8  Z14, K3, Z1        \
	VPANDQ    Z1, Z0, Z0

// func markLeadsAVX512(l *Leads, text []byte, marks []uint64, inside uint64)
//
// As markLeadsAVX2, but each of the three bytes is looked up as a whole, in tables of
// two registers.
//
//	SI  the block        CX  blocks left    DI  its mark    DX  1 if a word goes on
//	Z0  the groups that are left            Z16 to Z21  the tables    Z14  all ones
TEXT ·markLeadsAVX512(SB), NOSPLIT, $0-64
	MOVQ l+0(FP), DX
	MOVQ text_base+8(FP), SI
	MOVQ marks_base+32(FP), DI
	MOVQ marks_len+40(FP), CX
	VMOVDQU64 (Leads_exact+0)(DX), Z16
	VMOVDQU64 (Leads_exact+64)(DX), Z17
	VMOVDQU64 (Leads_exact+128)(DX), Z18
	VMOVDQU64 (Leads_exact+192)(DX), Z19
	VMOVDQU64 (Leads_exact+256)(DX), Z20
	VMOVDQU64 (Leads_exact+320)(DX), Z21
	MOVQ inside+56(FP), DX
	BYTES(0x20, Z8)
	BYTES(0x61, Z9)  // 'a'
	BYTES(26, Z10)
	BYTES(0x30, Z11) // '0'
	BYTES(10, Z12)
	VPTERNLOGQ $0xFF, Z14, Z14, Z14

leads:
	VMOVDQU64 (SI), Z0

	// words: (c|0x20) - 'a' < 26 || c - '0' < 10
	VPORQ   Z8, Z0, Z1
	VPSUBB  Z9, Z1, Z1
	VPSUBB  Z11, Z0, Z2
	VPCMPUB $1, Z10, Z1, K1
	VPCMPUB $1, Z12, Z2, K2
	KORQ    K1, K2, K1
	KMOVQ   K1, BX

	VPERMI2B Z17, Z16, Z0
	NEXT(1, Z18, Z19)
	NEXT(2, Z20, Z21)
	VPTESTMB Z0, Z0, K2
	KMOVQ    K2, R8

	// starts: words &^ (words<<1 | inside); inside = words >> 63
	LEAQ (DX)(BX*2), AX
	MOVQ BX, DX
	SHRQ $63, DX
	NOTQ AX
	ANDQ AX, BX
	ANDQ R8, BX
	MOVQ BX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  leads
	VZEROUPPER
	RET

DATA iota<>+0(SB)/8, $0x0706050403020100
DATA iota<>+8(SB)/8, $0x0F0E0D0C0B0A0908
DATA iota<>+16(SB)/8, $0x1716151413121110
DATA iota<>+24(SB)/8, $0x1F1E1D1C1B1A1918
DATA iota<>+32(SB)/8, $0x2726252423222120
DATA iota<>+40(SB)/8, $0x2F2E2D2C2B2A2928
DATA iota<>+48(SB)/8, $0x3736353433323130
DATA iota<>+56(SB)/8, $0x3F3E3D3C3B3A3938
GLOBL iota<>(SB), RODATA|NOPTR, $64

// func listAVX512(starts []uint64, list []uint16) int
//
// The places of the bits of a word are pressed together, made words of two bytes and
// written all at once, behind those of the block before.
//
//	SI  the starts    CX  blocks left    DI  the list    Z8  places in a block
//	Z9  where the block begins           Z10  the size of one
TEXT ·listAVX512(SB), NOSPLIT, $0-56
	MOVQ starts_base+0(FP), SI
	MOVQ starts_len+8(FP), CX
	MOVQ list_base+24(FP), DI
	VMOVDQU64    iota<>(SB), Z8
	VPXORQ       Z9, Z9, Z9
	MOVL         $64, AX
	VPBROADCASTW AX, Z10

list:
	MOVQ         (SI), AX
	KMOVQ        AX, K1
	VPCOMPRESSB  Z8, K1, Z0
	VPMOVZXBW    Y0, Z0
	VPADDW       Z9, Z0, Z0
	VMOVDQU64    Z0, (DI)
	POPCNTQ      AX, AX
	LEAQ         (DI)(AX*2), DI
	VPADDW       Z10, Z9, Z9
	ADDQ         $8, SI
	DECQ         CX
	JNZ          list
	SUBQ         list_base+24(FP), DI
	SHRQ         $1, DI
	MOVQ         DI, ret+48(FP)
	VZEROUPPER
	RET
