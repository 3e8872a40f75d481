// What a script does with the AWS SDK for JavaScript and a profile. Each step's result is printed, all as one JSON object.
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { CreateVpcCommand, DescribeRegionsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromProcess } from "@aws-sdk/credential-providers";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [step, Bucket, prefix, endpoint] = process.argv.slice(2);

const refused = async (promise) => {
  try {
    await promise;
    return "it was let through";
  } catch (error) {
    return { name: error.name, status: error.$metadata?.httpStatusCode, message: error.message };
  }
};

const fetched = async (url, options) => {
  const answer = await fetch(url, options);
  return { status: answer.status, text: await answer.text() };
};

const steps = {
  async calls() {
    const ec2 = new EC2Client();
    const regions = await ec2.send(new DescribeRegionsCommand());
    const named = new STSClient({ credentials: fromProcess({ profile: process.env.AWS_PROFILE }) });
    return {
      regions: regions.Regions.length,
      who: (await named.send(new GetCallerIdentityCommand())).Arn,
      vpc: await refused(ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))),
      put: await refused(new S3Client().send(new PutObjectCommand({ Bucket, Key: "other/x", Body: "x" }))),
      head: await refused(new S3Client().send(new HeadObjectCommand({ Bucket, Key: "other/x" }))),
      list: await refused(new S3Client().send(new ListObjectsV2Command({ Bucket }))),
    };
  },

  // Nothing but the environment leads to credentials.
  async served() {
    const sts = new STSClient();
    const found = await sts.config.credentials();
    return {
      who: (await sts.send(new GetCallerIdentityCommand())).Arn,
      ends: found.expiration.toISOString(),
      put: await refused(new S3Client().send(new PutObjectCommand({ Bucket, Key: "other/x", Body: "x" }))),
    };
  },

  // A body of known length carries its checksum in a header, a stream in a trailer (`aws-chunked`).
  async objects() {
    const s3 = new S3Client();
    const sent = {};
    s3.middlewareStack.add(
      (next) => (call) => {
        sent[call.request.path.split("/").at(-1)] = call.request.headers;
        return next(call);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const body = randomBytes(300_000);
    writeFileSync("body", body);
    const given = [
      ["text", "grüße\n"],
      ["buffer", body],
      ["stream", createReadStream("body"), { ContentLength: statSync("body").size }],
      ["sha256", createReadStream("body"), { ContentLength: statSync("body").size, ChecksumAlgorithm: "SHA256" }],
      ["crc32c", body, { ChecksumAlgorithm: "CRC32C" }],
    ];
    const found = {};
    for (const [name, Body, more] of given) {
      const Key = `${prefix}${name}`;
      await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
      const headers = sent[name];
      const back = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = Buffer.from(await back.Body.transformToByteArray());
      found[name] = {
        same: bytes.equals(name === "text" ? Buffer.from(Body) : body),
        payload: headers["x-amz-content-sha256"],
        trailer: headers["x-amz-trailer"] ?? null,
        checksums: Object.keys(headers).filter((header) => /^x-amz-checksum-/.test(header)),
        encoding: back.ContentEncoding ?? null,
      };
    }
    const wrong = new PutObjectCommand({ Bucket, Key: `${prefix}wrong`, Body: "x", ChecksumCRC32: "AAAAAA==" });
    found.wrong = await refused(s3.send(wrong));
    return found;
  },

  async parts() {
    const s3 = new S3Client();
    const Key = `${prefix}big`;
    writeFileSync("big", randomBytes(20 * 1024 * 1024 + 17));
    const params = { Bucket, Key, Body: createReadStream("big") };
    await new Upload({ client: s3, params, partSize: 8 * 1024 * 1024, queueSize: 3 }).done();
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key }));
    await pipeline(answer.Body, createWriteStream("back"));
    const outside = new Upload({ client: s3, params: { ...params, Key: "other/big", Body: createReadStream("big") } });
    const found = {
      same: readFileSync("big").equals(readFileSync("back")),
      tag: answer.ETag,
      refused: await refused(outside.done()),
    };
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    return found;
  },

  // The SDK looks for `endpoint_url` in the profile of AWS_PROFILE, not in that of the option.
  async presigned() {
    const profile = process.env.AWS_PROFILE;
    delete process.env.AWS_PROFILE;
    const s3 = new S3Client({ profile, endpoint });
    const Key = `${prefix}shared`;
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    const elsewhere = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "other/x" }), { expiresIn: 60 });
    return {
      put: await fetched(put, { method: "PUT", body: "for the holder" }),
      get: await fetched(get),
      otherKey: await fetched(get.replace("/shared?", "/shared2?")),
      longer: await fetched(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61")),
      otherMethod: await fetched(get, { method: "DELETE" }),
      elsewhere: await fetched(elsewhere),
    };
  },
};

console.log(JSON.stringify(await steps[step]()));
