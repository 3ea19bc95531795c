// Publishes, however often it has to ask, and each message once.
//
//	go run examples/publish/publish.go chat:lobby '{"text":"hi from Go"}' order-19
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand"
	"net/http"
	"os"
	"strconv"
	"time"
)

var (
	url    = cmp.Or(os.Getenv("WEIR_URL"), "http://127.0.0.1:8080")
	key    = cmp.Or(os.Getenv("WEIR_API_KEY"), "dev-key")
	client = http.Client{Timeout: 10 * time.Second}
)

const patience = 60 * time.Second // message ids are known for 120 s

type Publication struct {
	Channel   string          `json:"channel"`
	Data      json.RawMessage `json:"data"`
	MessageID string          `json:"messageId"`
}

type Published struct {
	Position struct {
		Epoch  string `json:"epoch"`
		Term   int64  `json:"term"`
		Offset int64  `json:"offset"`
	} `json:"position"`
	Duplicate bool `json:"duplicate"`
}

type Refusal struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMs int64  `json:"retryAfterMs"`
}

// One of both.
type Result struct {
	Published *Published `json:"published,omitempty"`
	Error     *Refusal   `json:"error,omitempty"`
}

type undecided struct {
	cause      string
	retryAfter time.Duration
}

func (it undecided) Error() string { return it.cause }

func ask(path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest("POST", url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("authorization", "Bearer "+key)
	request.Header.Set("content-type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return undecided{cause: err.Error()} // no answer decides nothing
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return undecided{cause: err.Error()}
	}
	switch response.StatusCode {
	case http.StatusOK:
		return json.Unmarshal(content, answer)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(response.Header.Get("retry-after"))
		return undecided{string(content), time.Duration(seconds) * time.Second}
	default:
		return errors.New(string(content))
	}
}

func untilDecided(attempt func() error) error {
	end := time.Now().Add(patience)
	for bound := 200 * time.Millisecond; ; bound = min(2*bound, 10*time.Second) {
		err := attempt()
		var again undecided
		if !errors.As(err, &again) {
			return err
		}
		wait := again.retryAfter + time.Duration(mathrand.Int63n(int64(bound)))
		if time.Now().Add(wait).After(end) {
			return err
		}
		time.Sleep(wait)
	}
}

func newID() string {
	id := make([]byte, 16)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// The id is made once, before the first attempt. Yours may be the number of an order.
func Publish(it Publication) (published Published, err error) {
	it.MessageID = cmp.Or(it.MessageID, newID())
	err = untilDecided(func() error { return ask("/v1/publish", it, &published) })
	return published, err
}

// At most 256, of any channels. Each is decided for itself.
func PublishBatch(publications []Publication) ([]Result, error) {
	results := make([]Result, len(publications))
	waiting := make([]int, len(publications))
	for place := range publications {
		publications[place].MessageID = cmp.Or(publications[place].MessageID, newID())
		waiting[place] = place
	}
	return results, untilDecided(func() error {
		batch := make([]Publication, len(waiting))
		for index, place := range waiting {
			batch[index] = publications[place]
		}
		var answer struct{ Results []Result }
		if err := ask("/v1/publish/batch", map[string]any{"publications": batch}, &answer); err != nil {
			return err
		}
		var left []int
		var retryAfter time.Duration
		for index, place := range waiting {
			results[place] = answer.Results[index]
			refusal := answer.Results[index].Error
			if refusal == nil {
				continue
			}
			switch refusal.Code {
			case "too_many_requests", "unavailable", "aborted", "not_durable", "timeout":
				left = append(left, place)
				retryAfter = max(retryAfter, time.Duration(refusal.RetryAfterMs)*time.Millisecond)
			}
		}
		waiting = left
		if len(left) > 0 {
			return undecided{fmt.Sprintf("%d are undecided", len(left)), retryAfter}
		}
		return nil
	})
}

// Each line of the input.
func readAll(channel string) (publications []Publication) {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		publications = append(publications, Publication{Channel: channel, Data: bytes.Clone(lines.Bytes())})
	}
	return publications
}

func main() {
	var answer any
	var err error
	switch channel, rest := os.Args[1], os.Args[2:]; len(rest) {
	case 0:
		answer, err = PublishBatch(readAll(channel))
	case 1:
		answer, err = Publish(Publication{Channel: channel, Data: json.RawMessage(rest[0])})
	default:
		answer, err = Publish(Publication{channel, json.RawMessage(rest[0]), rest[1]})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(answer)
}
