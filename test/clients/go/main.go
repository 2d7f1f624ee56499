// Command go is one client of the gateway: AWS's SDK for Go, with its transfer manager.
//
//	go run . BUCKET FILE COPY
//
// It uploads FILE in parts, reads it back into COPY by parallel ranges and by one GET, lists and deletes,
// and exits non-zero at the first thing that is not as S3 does it. Endpoint and keys come from the AWS_* variables.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// oddKeys are names that clients and servers like to encode in different ways.
var oddKeys = []string{
	"a b/c+d.txt", "percent%20%2F", "ünïcode/日本語/🌕", "-leading", "dots/./../x", "a//b", "q?x=1&y#z", "tilde~!*'()",
	strings.Repeat("long/", 200) + "end",
}

type client struct {
	api    *s3.Client
	bucket *string
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: go run . BUCKET FILE COPY")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, bucket, file, target string) error {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	c := client{
		api:    s3.NewFromConfig(loaded, func(o *s3.Options) { o.UsePathStyle = true }),
		bucket: aws.String(bucket),
	}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"large file", func(ctx context.Context) error { return c.largeFile(ctx, file, target) }},
		{"odd keys", c.oddNames},
		{"conditions", c.conditions},
		{"presigned", c.presigned},
		{"paging", c.paging},
		{"deletion", c.deletion},
	}
	if _, err := c.api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: c.bucket}); err != nil {
		return err
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println(step.name, "ok")
	}
	return nil
}

// largeFile moves a file with the transfer manager, both ways. The caller compares the two files.
func (c client) largeFile(ctx context.Context, file, target string) error {
	source, err := os.Open(file)
	if err != nil {
		return err
	}
	defer source.Close()
	key := aws.String("large")
	uploader := manager.NewUploader(c.api, func(u *manager.Uploader) { u.PartSize = 16 << 20 })
	if _, err := uploader.Upload(ctx, &s3.PutObjectInput{Bucket: c.bucket, Key: key, Body: source}); err != nil {
		return err
	}
	copied, err := os.Create(target)
	if err != nil {
		return err
	}
	downloader := manager.NewDownloader(c.api, func(d *manager.Downloader) { d.PartSize = 16 << 20 })
	if _, err := downloader.Download(ctx, copied, &s3.GetObjectInput{Bucket: c.bucket, Key: key}); err != nil {
		return err
	}
	return copied.Close()
}

func (c client) oddNames(ctx context.Context) error {
	for _, name := range oddKeys {
		body := []byte("body of " + name)
		_, err := c.api.PutObject(ctx, &s3.PutObjectInput{
			Bucket: c.bucket, Key: aws.String(name), Body: bytes.NewReader(body), Metadata: map[string]string{"note": "kept"},
		})
		if err != nil {
			return fmt.Errorf("put %q: %w", name, err)
		}
		got, err := c.api.GetObject(ctx, &s3.GetObjectInput{Bucket: c.bucket, Key: aws.String(name)})
		if err != nil {
			return fmt.Errorf("get %q: %w", name, err)
		}
		read, err := io.ReadAll(got.Body)
		if err != nil {
			return err
		}
		if !bytes.Equal(read, body) || got.Metadata["note"] != "kept" {
			return fmt.Errorf("%q came back as %q with %v", name, read, got.Metadata)
		}
	}
	return nil
}

func (c client) conditions(ctx context.Context) error {
	put := s3.PutObjectInput{Bucket: c.bucket, Key: aws.String("once"), Body: strings.NewReader("1"), IfNoneMatch: aws.String("*")}
	if _, err := c.api.PutObject(ctx, &put); err != nil {
		return err
	}
	put.Body = strings.NewReader("2")
	_, err := c.api.PutObject(ctx, &put)
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "PreconditionFailed" {
		return fmt.Errorf("a second PUT with If-None-Match: * gave %v", err)
	}
	_, err = c.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: c.bucket, Key: aws.String("not there")})
	var missing *types.NotFound
	if !errors.As(err, &missing) {
		return fmt.Errorf("HEAD of a missing key gave %v", err)
	}
	return nil
}

func (c client) presigned(ctx context.Context) error {
	signer := s3.NewPresignClient(c.api)
	signed, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: c.bucket, Key: aws.String(oddKeys[0])})
	if err != nil {
		return err
	}
	answer, err := http.Get(signed.URL)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || string(body) != "body of "+oddKeys[0] {
		return fmt.Errorf("%s: %s", answer.Status, body)
	}
	return nil
}

// paging lists by pages of two, and expects every key once.
func (c client) paging(ctx context.Context) error {
	seen := map[string]bool{}
	pages := s3.NewListObjectsV2Paginator(c.api, &s3.ListObjectsV2Input{Bucket: c.bucket, MaxKeys: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			if seen[*object.Key] {
				return fmt.Errorf("%q was listed twice", *object.Key)
			}
			seen[*object.Key] = true
		}
	}
	for _, name := range append([]string{"large", "once"}, oddKeys...) {
		if !seen[name] {
			return fmt.Errorf("%q was not listed", name)
		}
	}
	return nil
}

func (c client) deletion(ctx context.Context) error {
	names := []types.ObjectIdentifier{{Key: aws.String("large")}, {Key: aws.String("once")}}
	for _, name := range oddKeys {
		names = append(names, types.ObjectIdentifier{Key: aws.String(name)})
	}
	out, err := c.api.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: c.bucket, Delete: &types.Delete{Objects: names}})
	if err != nil {
		return err
	}
	if len(out.Deleted) != len(names) || len(out.Errors) != 0 {
		return fmt.Errorf("%d deleted, %v", len(out.Deleted), out.Errors)
	}
	_, err = c.api.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: c.bucket})
	return err
}
