// A token for a client, good for ten minutes: WEIR_SECRET=… go run examples/token/token.go ann
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func tokenFor(user, secret string) (string, error) {
	now := time.Now().Unix()
	header, err := json.Marshal(map[string]string{"alg": "HS256", "kid": "2026-11"})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": "https://login.example.com",
		"aud": "weir",
		"sub": user,
		"iat": now,
		"exp": now + 600,
		"capabilities": map[string][]string{
			"chat:*": {"subscribe", "publish", "history", "presence", "signal"},
		},
	})
	if err != nil {
		return "", err
	}
	text := encode(header) + "." + encode(claims)
	signature := hmac.New(sha256.New, []byte(secret))
	signature.Write([]byte(text))
	return text + "." + encode(signature.Sum(nil)), nil
}

func main() {
	token, err := tokenFor(os.Args[1], os.Getenv("WEIR_SECRET"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(token)
}
