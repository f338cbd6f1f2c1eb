module github.com/postern-mail/postern

go 1.26
