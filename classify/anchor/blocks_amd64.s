//go:build !purego

#include "textflag.h"

// A block of 64 bytes is two registers of 32. A byte is compared with a constant
// or, for a range, moved to the top of the signed bytes and compared with what
// lies below the range there: '0' + 0x46 is 0x76, '9' + 0x46 is 0x7F, and all
// that is more has become negative. VPMOVMSKB makes 32 bits of the result.
//
// Registers of those that mark:
//	SI  the block        CX  blocks left, never 0 at the head of the loop
//	DI  its marks        AX, BX, DX  the marks being made
//	Y0, Y1  the block    Y2 to Y7  results    Y8 to Y15, in the second Y6 and Y7 too  constants

#define BROADCAST(c, register, x) \
	MOVL         $(c*0x01010101), AX \
	VMOVD        AX, x               \
	VPBROADCASTD x, register

// BITS makes a word of two results.
#define BITS(lo, hi, word) \
	VPMOVMSKB lo, word \
	VPMOVMSKB hi, R8   \
	SHLQ      $32, R8  \
	ORQ       R8, word

// func markDigitsAVX2(text []byte, marks []Digits)
TEXT ·markDigitsAVX2(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ marks_base+24(FP), DI
	MOVQ marks_len+32(FP), CX
	BROADCAST(0x46, Y8, X8)
	BROADCAST(0x75, Y9, X9)
	BROADCAST(0x2D, Y10, X10) // '-'
	BROADCAST(0x2E, Y11, X11) // '.'
	BROADCAST(0x20, Y12, X12) // ' '

digits:
	VMOVDQU  (SI), Y0
	VMOVDQU  32(SI), Y1
	XORL     BX, BX

	// digits: '0' <= c && c <= '9'
	VPADDB   Y8, Y0, Y2
	VPADDB   Y8, Y1, Y3
	VPCMPGTB Y9, Y2, Y2
	VPCMPGTB Y9, Y3, Y3
	BITS(Y2, Y3, AX)
	TESTQ    AX, AX
	JZ       store

	// joints: c == '-' || c == '.' || c == ' '
	VPCMPEQB Y10, Y0, Y2
	VPCMPEQB Y10, Y1, Y3
	VPCMPEQB Y11, Y0, Y4
	VPCMPEQB Y11, Y1, Y5
	VPCMPEQB Y12, Y0, Y6
	VPCMPEQB Y12, Y1, Y7
	VPOR     Y4, Y2, Y2
	VPOR     Y5, Y3, Y3
	VPOR     Y6, Y2, Y2
	VPOR     Y7, Y3, Y3
	BITS(Y2, Y3, BX)

store:
	MOVQ AX, (DI)
	MOVQ BX, 8(DI)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  digits
	VZEROUPPER
	RET

// Half bytes of what parts cells: bit 0 is for TAB, bit 1 for ',' and '|', bit 2 for ';'.
DATA delimLower<>+0(SB)/8, $0x0000000000000000
DATA delimLower<>+8(SB)/8, $0x0000000204000100
GLOBL delimLower<>(SB), RODATA|NOPTR, $16
DATA delimUpper<>+0(SB)/8, $0x0200000004020001
DATA delimUpper<>+8(SB)/8, $0x0000000000000000
GLOBL delimUpper<>(SB), RODATA|NOPTR, $16

// func markLinesAVX2(text []byte, marks []Lines)
TEXT ·markLinesAVX2(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ marks_base+24(FP), DI
	MOVQ marks_len+32(FP), CX
	BROADCAST(0x0A, Y8, X8) // LF
	BROADCAST(0x0D, Y9, X9) // CR
	BROADCAST(0x0F, Y12, X12)
	VBROADCASTI128 delimLower<>(SB), Y10
	VBROADCASTI128 delimUpper<>(SB), Y11
	VPXOR Y13, Y13, Y13

lines:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1

	// feeds: c == '\n'; breaks: c == '\r' as well
	VPCMPEQB Y8, Y0, Y2
	VPCMPEQB Y8, Y1, Y3
	VPCMPEQB Y9, Y0, Y4
	VPCMPEQB Y9, Y1, Y5
	BITS(Y2, Y3, AX)
	BITS(Y4, Y5, BX)
	MOVQ     AX, 8(DI)
	ORQ      AX, BX
	MOVQ     BX, (DI)

	// delims: lower[c&15] & upper[c>>4] != 0
	VPSHUFB  Y0, Y10, Y2
	VPSHUFB  Y1, Y10, Y3
	VPSRLW   $4, Y0, Y0
	VPSRLW   $4, Y1, Y1
	VPAND    Y12, Y0, Y0
	VPAND    Y12, Y1, Y1
	VPSHUFB  Y0, Y11, Y0
	VPSHUFB  Y1, Y11, Y1
	VPAND    Y0, Y2, Y2
	VPAND    Y1, Y3, Y3
	VPCMPEQB Y13, Y2, Y2
	VPCMPEQB Y13, Y3, Y3
	BITS(Y2, Y3, AX)
	NOTQ     AX
	MOVQ     AX, 16(DI)

	ADDQ $64, SI
	ADDQ $24, DI
	DECQ CX
	JNZ  lines
	VZEROUPPER
	RET

// func markCellsAVX2(text []byte, marks []Cells)
TEXT ·markCellsAVX2(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ marks_base+24(FP), DI
	MOVQ marks_len+32(FP), CX
	BROADCAST(0x09, Y10, X10) // TAB
	BROADCAST(0x7C, Y11, X11) // '|'
	BROADCAST(0x3B, Y12, X12) // ';'
	BROADCAST(0x2C, Y13, X13) // ','
	BROADCAST(0x22, Y14, X14) // '"'

cells:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1

	// delims: c == '\t', '|', ';' and ','
	VPCMPEQB Y10, Y0, Y2
	VPCMPEQB Y10, Y1, Y3
	BITS(Y2, Y3, AX)
	MOVQ     AX, 0(DI)

	VPCMPEQB Y11, Y0, Y2
	VPCMPEQB Y11, Y1, Y3
	BITS(Y2, Y3, AX)
	MOVQ     AX, 8(DI)

	VPCMPEQB Y12, Y0, Y2
	VPCMPEQB Y12, Y1, Y3
	BITS(Y2, Y3, AX)
	MOVQ     AX, 16(DI)

	VPCMPEQB Y13, Y0, Y2
	VPCMPEQB Y13, Y1, Y3
	BITS(Y2, Y3, AX)
	MOVQ     AX, 24(DI)

	// quotes: c == '"'
	VPCMPEQB Y14, Y0, Y2
	VPCMPEQB Y14, Y1, Y3
	BITS(Y2, Y3, AX)
	MOVQ     AX, 32(DI)

	ADDQ $64, SI
	ADDQ $40, DI
	DECQ CX
	JNZ  cells
	VZEROUPPER
	RET

// func copyBlocksAVX2(to, text []byte) int
//
//	AX  bytes copied    CX  the length
TEXT ·copyBlocksAVX2(SB), NOSPLIT, $0-56
	MOVQ to_base+0(FP), DI
	MOVQ text_base+24(FP), SI
	MOVQ text_len+32(FP), CX
	XORL AX, AX

ascii:
	VMOVDQU   (SI)(AX*1), Y0
	VMOVDQU   32(SI)(AX*1), Y1
	VMOVDQU   Y0, (DI)(AX*1)
	VMOVDQU   Y1, 32(DI)(AX*1)
	VPOR      Y1, Y0, Y2
	VPMOVMSKB Y2, DX
	TESTL     DX, DX
	JNZ       wide
	ADDQ      $64, AX
	CMPQ      AX, CX
	JLT       ascii
	JMP       copied

wide:
	// i + bits.TrailingZeros64(wide)
	BITS(Y0, Y1, DX)
	BSFQ DX, DX
	ADDQ DX, AX

copied:
	VZEROUPPER
	MOVQ AX, ret+48(FP)
	RET

// Half bytes of letters and digits: bit 0 is for 4x and 6x, bit 1 for 5x and 7x, bit 2
// for 3x.
DATA wordLower<>+0(SB)/8, $0x0707070707070706
DATA wordLower<>+8(SB)/8, $0x0101010101030707
GLOBL wordLower<>(SB), RODATA|NOPTR, $16
DATA wordUpper<>+0(SB)/8, $0x0201020104000000
DATA wordUpper<>+8(SB)/8, $0x0000000000000000
GLOBL wordUpper<>(SB), RODATA|NOPTR, $16

// NEXT takes a byte behind the place: groups &= lower[c&15] & upper[c>>4], or all of
// them if it is not ASCII.
#define NEXT(at, lower, upper, groups) \
	VMOVDQU  at(SI), Y0     \
	VPSHUFB  Y0, lower, Y4  \
	VPCMPGTB Y0, Y15, Y5    \
	VPSRLW   $4, Y0, Y0     \
	VPAND    Y14, Y0, Y0    \
	VPSHUFB  Y0, upper, Y0  \
	VPAND    Y0, Y4, Y4     \
	VPOR     Y5, Y4, Y4     \
	VPAND    Y4, groups, groups

// FIRST takes the byte at the place, and tells of it whether it is none of a word.
#define FIRST(at, groups, none) \
	VMOVDQU  at(SI), Y0     \
	VPSHUFB  Y0, Y8, groups \
	VPSHUFB  Y0, Y7, none   \
	VPSRLW   $4, Y0, Y0     \
	VPAND    Y14, Y0, Y0    \
	VPSHUFB  Y0, Y11, Y1    \
	VPAND    Y1, groups, groups \
	VPSHUFB  Y0, Y6, Y1     \
	VPAND    Y1, none, none \
	VPCMPEQB Y15, none, none

// func markLeadsAVX2(l *Leads, text []byte, marks []uint64, inside uint64)
//
//	SI  the block        CX  blocks left    DI  its mark    DX  1 if a word goes on
//	Y2, Y3  the groups that are left        Y8 to Y10  lower    Y11 to Y13  upper
//	Y6, Y7  upper and lower of words        Y14  0x0F    Y15  0
TEXT ·markLeadsAVX2(SB), NOSPLIT, $0-64
	MOVQ l+0(FP), DX
	MOVQ text_base+8(FP), SI
	MOVQ marks_base+32(FP), DI
	MOVQ marks_len+40(FP), CX
	VBROADCASTI128 (DX), Y8
	VBROADCASTI128 16(DX), Y9
	VBROADCASTI128 32(DX), Y10
	VBROADCASTI128 48(DX), Y11
	VBROADCASTI128 64(DX), Y12
	VBROADCASTI128 80(DX), Y13
	VBROADCASTI128 wordUpper<>(SB), Y6
	VBROADCASTI128 wordLower<>(SB), Y7
	BROADCAST(0x0F, Y14, X14)
	VPXOR Y15, Y15, Y15
	MOVQ inside+56(FP), DX

leads:
	FIRST(0, Y2, Y4)
	FIRST(32, Y3, Y5)

	// starts: words &^ (words<<1 | inside); inside = words >> 63
	BITS(Y4, Y5, BX)
	NOTQ BX
	LEAQ (DX)(BX*2), AX
	MOVQ BX, DX
	SHRQ $63, DX
	NOTQ AX
	ANDQ AX, BX

	NEXT(1, Y9, Y12, Y2)
	NEXT(33, Y9, Y12, Y3)
	NEXT(2, Y10, Y13, Y2)
	NEXT(34, Y10, Y13, Y3)

	// groups != 0
	VPCMPEQB Y15, Y2, Y2
	VPCMPEQB Y15, Y3, Y3
	BITS(Y2, Y3, AX)
	NOTQ     AX
	ANDQ     BX, AX
	MOVQ     AX, (DI)
	ADDQ     $64, SI
	ADDQ     $8, DI
	DECQ     CX
	JNZ      leads
	VZEROUPPER
	RET

// func longStartsAVX2(marks []Digits, starts []uint64, rest uint64) int
//
// Four blocks at once, a word of each in one register, in the order 0, 2, 1, 3.
//
//	SI  the mark before those of the blocks    DI  their starts    CX  fours of blocks left
//	Y0  chain    Y1  more    Y2  digits    Y3  digits behind    Y4 to Y9  in between
//	Y12  blocks without any, negative    Y13  zero    X14  64 - rest    X15  rest
TEXT ·longStartsAVX2(SB), NOSPLIT, $0-64
	MOVQ  marks_base+0(FP), SI
	MOVQ  starts_base+24(FP), DI
	MOVQ  starts_len+32(FP), CX
	MOVQ  rest+48(FP), AX
	VMOVQ AX, X15
	NEGQ  AX
	ADDQ  $64, AX
	VMOVQ AX, X14
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

fours:
	VMOVDQU 0(SI), Y4
	VMOVDQU 16(SI), Y5
	VMOVDQU 32(SI), Y6
	VMOVDQU 48(SI), Y7
	VMOVDQU 64(SI), Y8
	VPUNPCKLQDQ Y6, Y4, Y4 // digits before
	VPUNPCKLQDQ Y7, Y5, Y2
	VPUNPCKHQDQ Y7, Y5, Y5 // joints
	VPUNPCKLQDQ Y8, Y6, Y3
	VPUNPCKHQDQ Y8, Y6, Y6 // joints behind

	// behind := digits<<1 | before>>63
	VPSRLQ $63, Y4, Y4
	VPSLLQ $1, Y2, Y7
	VPOR   Y7, Y4, Y4

	// chain := digits | joints&behind&(digits>>1|next<<63)
	VPSRLQ $1, Y2, Y7
	VPSLLQ $63, Y3, Y8
	VPOR   Y8, Y7, Y7
	VPAND  Y7, Y5, Y5
	VPAND  Y4, Y5, Y5
	VPOR   Y5, Y2, Y0

	// more := next | nextJoints&(next<<1|digits>>63)&(next>>1)
	VPSLLQ $1, Y3, Y7
	VPSRLQ $63, Y2, Y8
	VPOR   Y8, Y7, Y7
	VPSRLQ $1, Y3, Y8
	VPAND  Y8, Y7, Y7
	VPAND  Y7, Y6, Y6
	VPOR   Y6, Y3, Y1

	// chain &= chain>>1 | more<<63; more &= more >> 1
	VPSRLQ $1, Y0, Y7
	VPSLLQ $63, Y1, Y8
	VPOR   Y8, Y7, Y7
	VPAND  Y7, Y0, Y0
	VPSRLQ $1, Y1, Y7
	VPAND  Y7, Y1, Y1

	// chain &= chain>>2 | more<<62; more &= more >> 2
	VPSRLQ $2, Y0, Y7
	VPSLLQ $62, Y1, Y8
	VPOR   Y8, Y7, Y7
	VPAND  Y7, Y0, Y0
	VPSRLQ $2, Y1, Y7
	VPAND  Y7, Y1, Y1

	// starts = digits &^ behind & chain & (chain>>rest | more<<(64-rest))
	VPSRLQ X15, Y0, Y7
	VPSLLQ X14, Y1, Y8
	VPOR   Y8, Y7, Y7
	VPAND  Y7, Y0, Y0
	VPANDN Y2, Y4, Y4
	VPAND  Y4, Y0, Y0
	VPERMQ $0xD8, Y0, Y0
	VMOVDQU Y0, (DI)
	VPCMPEQQ Y13, Y0, Y0
	VPADDQ   Y0, Y12, Y12

	ADDQ $64, SI
	ADDQ $32, DI
	SUBQ $4, CX
	JNZ  fours
	VEXTRACTI128 $1, Y12, X0
	VPADDQ       X0, X12, X12
	VPSRLDQ      $8, X12, X0
	VPADDQ       X0, X12, X12
	VMOVQ        X12, AX
	ADDQ         starts_len+32(FP), AX
	MOVQ         AX, ret+56(FP)
	VZEROUPPER
	RET
