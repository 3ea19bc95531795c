// The same over gRPC, in a module of its own: docs/recipes.md says how to make it.
//
//	go run . chat:lobby '{"text":"hi over gRPC"}' order-22
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	weir "example.com/publisher/gen/weir/api/v1"
)

const (
	patience = 60 * time.Second // message ids are known for 120 s
	attempt  = 10 * time.Second
)

// One connection for the whole process. What is set here is for a router that dies: gRPC would
// notice late, and then wait up to two minutes before it looks for it again.
func dial(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
		}),
	)
}

func publish(service weir.PublishServiceClient, request *weir.PublishRequest) (*weir.PublishResponse, error) {
	key := cmp.Or(os.Getenv("WEIR_API_KEY"), "dev-key")
	caller := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+key)
	end := time.Now().Add(patience)
	for bound := 200 * time.Millisecond; ; bound = min(2*bound, 10*time.Second) {
		var trailer metadata.MD
		within, cancel := context.WithTimeout(caller, attempt)
		response, err := service.Publish(within, request, grpc.Trailer(&trailer))
		cancel()
		switch status.Code(err) {
		case codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.DeadlineExceeded:
		default:
			return response, err
		}
		wait := time.Duration(mathrand.Int63n(int64(bound)))
		if values := trailer.Get("weir-retry-after-ms"); len(values) > 0 {
			millis, _ := strconv.Atoi(values[0])
			wait += time.Duration(millis) * time.Millisecond
		}
		if time.Now().Add(wait).After(end) {
			return nil, err
		}
		time.Sleep(wait)
	}
}

func newID() string {
	id := make([]byte, 16)
	rand.Read(id)
	return hex.EncodeToString(id)
}

func main() {
	connection, err := dial(cmp.Or(os.Getenv("WEIR_API"), "127.0.0.1:9090"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	request := &weir.PublishRequest{Channel: os.Args[1], Data: []byte(os.Args[2]), MessageId: newID()}
	if len(os.Args) > 3 {
		request.MessageId = os.Args[3]
	}
	response, err := publish(weir.NewPublishServiceClient(connection), request)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(response)
}
