package detect

// negatives name numbers of other kinds. A value whose closest label is one of
// them is not what it looks like.
var negatives = []string{
	"order", "invoice", "inv.", "tracking", "track", "parcel", "consignment", "waybill", "purchase order", "po",
	"ticket", "ref.", "reference", "serial", "sn", "s/n", "model", "sku", "upc", "ean", "gtin", "isbn", "issn",
	"phone", "tel.", "telephone", "fax", "mobile", "cell", "zip", "batch", "revision", "version", "commit", "imei",
	"iccid", "confirmation", "booking", "document control{| number (dcn)| number, dcn}", "design change{| notice (dcn)| notice, dcn}",
	"uid", "bates", "routing", "aba",
}

// accounts name numbers that are often bare digits; they speak only against
// values that have nothing but their digits to show.
var accounts = []string{
	"account", "acct.", "case", "docket", "policy", "job", "part", "lot", "build", "loan", "licence", "license",
	"permit", "claim",
}
