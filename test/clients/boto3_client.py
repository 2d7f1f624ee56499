"""One client of the gateway: boto3.   python3 boto3_client.py BUCKET FOLDER

FOLDER holds the file `large` and the folder `tree`; what comes back is written to `large.back` and `tree.back`, which the
caller compares. Everything else is asserted here. Endpoint and keys come from the AWS_* variables.
"""

import os
import pathlib
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

BUCKET, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
MIB = 1 << 20
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


def refused(call, code, status, **arguments):
    """Asserts that a call ends with this error."""
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == (code, status), got
        return
    raise AssertionError(f"no {code}")


def large_file():
    """upload_file and download_file, in parts on several threads."""
    transfer = TransferConfig(multipart_chunksize=32 * MIB, max_concurrency=4)
    s3.upload_file(str(FOLDER / "large"), BUCKET, "large", Config=transfer)
    s3.download_file(BUCKET, "large", str(FOLDER / "large.back"), Config=transfer)
    assert s3.head_object(Bucket=BUCKET, Key="large")["ETag"].endswith('-32"')


def tree():
    """A folder of odd names, by put_object and get_object and through a paginator of small pages."""
    root = FOLDER / "tree"
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    for name in names:
        s3.upload_file(str(root / name), BUCKET, "tree/" + name)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="tree/", MaxKeys=7)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    assert keys == sorted(("tree/" + name for name in names), key=str.encode), keys
    old = s3.get_paginator("list_objects").paginate(Bucket=BUCKET, Prefix="tree/", MaxKeys=7)
    assert [item["Key"] for page in old for item in page["Contents"]] == keys
    for key in keys:
        target = FOLDER / "tree.back" / key.removeprefix("tree/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def checksums():
    """Each algorithm that this boto3 can compute: told on PUT, returned on request, refused where wrong."""
    body = b"checked " * 1000
    for algorithm in ("CRC32", "SHA1", "SHA256", "CRC32C", "CRC64NVME"):
        field = "Checksum" + algorithm
        try:
            put = s3.put_object(Bucket=BUCKET, Key="sum", Body=body, ChecksumAlgorithm=algorithm)
        except Exception as error:  # CRC32C and CRC64NVME need the optional package awscrt.
            assert "crt" in str(error).lower(), error
            continue
        got = s3.get_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
        assert got["Body"].read() == body
        assert got[field] == put[field]
    refused(s3.put_object, "BadDigest", 400, Bucket=BUCKET, Key="sum", Body=body, ChecksumCRC32="AAAAAA==")


def conditions():
    at = {"Bucket": BUCKET, "Key": "once"}
    tag = s3.put_object(**at, Body=b"1", IfNoneMatch="*")["ETag"]
    refused(s3.put_object, "PreconditionFailed", 412, **at, Body=b"2", IfNoneMatch="*")
    refused(s3.put_object, "PreconditionFailed", 412, **at, Body=b"2", IfMatch='"' + "0" * 32 + '"')
    s3.put_object(**at, Body=b"2", IfMatch=tag)
    refused(s3.get_object, "304", 304, **at, IfNoneMatch=s3.head_object(**at)["ETag"])
    refused(s3.head_object, "404", 404, Bucket=BUCKET, Key="never")
    refused(s3.get_object, "NoSuchKey", 404, Bucket=BUCKET, Key="never")


def multipart():
    """Parts in any order, a part sent again, and Complete told twice."""
    at = {"Bucket": BUCKET, "Key": "parts/ü +%"}
    upload = s3.create_multipart_upload(**at, Metadata={"kind": "parts"}, ContentType="text/x-parts")["UploadId"]
    tags = {}
    for number, byte in ((3, b"c"), (1, b"x"), (2, b"b"), (1, b"a")):
        body = byte * (5 * MIB if number < 3 else 10)
        tags[number] = s3.upload_part(**at, UploadId=upload, PartNumber=number, Body=body)["ETag"]
    parts = {"Parts": [{"PartNumber": number, "ETag": tags[number]} for number in sorted(tags)]}
    done = s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload=parts)
    again = s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload=parts)
    assert done["ETag"] == again["ETag"]
    got = s3.get_object(**at)
    assert got["Body"].read() == b"a" * 5 * MIB + b"b" * 5 * MIB + b"c" * 10
    assert (got["Metadata"], got["ContentType"]) == ({"kind": "parts"}, "text/x-parts")
    assert s3.get_object(**at, Range="bytes=-10")["Body"].read() == b"c" * 10


def presigned():
    at = {"Bucket": BUCKET, "Key": "signed url"}
    put = s3.generate_presigned_url("put_object", Params=at, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(put, data=b"by url", method="PUT")).close()
    get = s3.generate_presigned_url("get_object", Params={**at, "ResponseContentType": "text/x-own"}, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"by url"
        assert answer.headers["Content-Type"] == "text/x-own"


def resources():
    """The object-oriented interface, versions, and deletion of everything."""
    bucket = boto3.resource("s3").Bucket(BUCKET)
    bucket.Versioning().enable()
    thing = bucket.Object("thing")
    for body in (b"one", b"two"):
        thing.put(Body=body)
    thing.delete()
    assert len(list(bucket.object_versions.filter(Prefix="thing"))) == 3
    assert bucket.Object("large").content_length == os.path.getsize(FOLDER / "large")
    bucket.object_versions.delete()
    bucket.delete()
    refused(s3.head_bucket, "404", 404, Bucket=BUCKET)


s3.create_bucket(Bucket=BUCKET)
for step in (large_file, tree, checksums, conditions, multipart, presigned, resources):
    step()
    print(step.__name__, "ok")
