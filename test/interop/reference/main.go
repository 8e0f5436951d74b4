// Reference answers for test/interop: notes, cosignatures and proofs, made and checked by the libraries of others.
//
//	reference genkey NAME                  prints a signing key and its verifier key
//	reference sign SKEY...                 signs the text on standard input
//	reference cosign SKEY                  cosigns the checkpoint on standard input as a witness, now
//	reference open VKEY...                 prints the names of the keys that signed the note on standard input
//	reference proof VKEY ENTRY             checks the tlog-proof on standard input: signature and inclusion of the entry
//	reference consistency FROM ROOT TO ROOT  checks the proof on standard input, a hash in base64 on each line
package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	arguments := os.Args[2:]
	switch os.Args[1] {
	case "genkey":
		skey, vkey := must2(note.GenerateKey(rand.Reader, arguments[0]))
		fmt.Printf("%s\n%s\n", skey, vkey)
	case "sign":
		var signers []note.Signer
		for _, skey := range arguments {
			signers = append(signers, must(note.NewSigner(skey)))
		}
		os.Stdout.Write(must(note.Sign(&note.Note{Text: string(input())}, signers...)))
	case "cosign":
		cosigner := must(f_note.NewSignerForCosignatureV1(arguments[0]))
		os.Stdout.Write(must(note.Sign(&note.Note{Text: string(input())}, cosigner)))
	case "open":
		var verifiers []note.Verifier
		for _, vkey := range arguments {
			verifiers = append(verifiers, verifier(vkey))
		}
		for _, signature := range must(note.Open(input(), note.VerifierList(verifiers...))).Sigs {
			fmt.Println(signature.Name)
		}
	case "proof":
		var given tlogproof.TLogProof
		check(given.Unmarshal(input()))
		v := verifier(arguments[0])
		checkpoint, _, _, err := log.ParseCheckpoint(given.Checkpoint, v.Name(), v)
		check(err)
		var hashes [][]byte
		for _, hash := range given.Hashes {
			hashes = append(hashes, hash[:])
		}
		leaf := rfc6962.DefaultHasher.HashLeaf([]byte(arguments[1]))
		check(proof.VerifyInclusion(rfc6962.DefaultHasher, given.Index, checkpoint.Size, leaf, hashes, checkpoint.Hash))
	case "consistency":
		var hashes [][]byte
		for line := range strings.Lines(string(input())) {
			hashes = append(hashes, decode(strings.TrimSuffix(line, "\n")))
		}
		from := must(strconv.ParseUint(arguments[0], 10, 64))
		to := must(strconv.ParseUint(arguments[2], 10, 64))
		check(proof.VerifyConsistency(rfc6962.DefaultHasher, from, to, hashes, decode(arguments[1]), decode(arguments[3])))
	}
}

func verifier(vkey string) note.Verifier {
	parts := strings.SplitN(vkey, "+", 3)
	if decode(parts[2])[0] == 4 {
		return must(f_note.NewVerifierForCosignatureV1(vkey))
	}
	return must(note.NewVerifier(vkey))
}

func decode(text string) []byte { return must(base64.StdEncoding.DecodeString(text)) }

func input() []byte { return must(io.ReadAll(os.Stdin)) }

func must[T any](value T, err error) T {
	check(err)
	return value
}

func must2[T, U any](first T, second U, err error) (T, U) {
	check(err)
	return first, second
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
