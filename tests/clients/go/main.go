// What a script does with the AWS SDK for Go and nothing but its environment: one JSON object on stdout.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	background := context.Background()
	loaded, err := config.LoadDefaultConfig(background)
	if err != nil {
		panic(err)
	}
	credentials, err := loaded.Credentials.Retrieve(background)
	if err != nil {
		panic(err)
	}
	client := sts.NewFromConfig(loaded, func(options *sts.Options) {
		options.EndpointResolver = sts.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL"))
	})
	who, err := client.GetCallerIdentity(background, &sts.GetCallerIdentityInput{})
	if err != nil {
		panic(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"source":  credentials.Source,
		"expires": credentials.CanExpire,
		"who":     aws.ToString(who.Arn),
	})
}
