# SPDX-License-Identifier: MIT
"""What tests/peers/aws.t asks of boto3 and botocore.

    aws.py prepare URL NAME TEXT   a user who may read secrets, a role, and a
                                   secret, at moto; prints what they are for sh
    aws.py get NAME                the secret, by boto3 itself
    aws.py method                  where botocore takes credentials from
    aws.py sign FILE SECRET        the signatures of the requests in FILE, by
                                   botocore's signer
"""
import json
import sys

import botocore.session


def prepare(url, name, text):
    import boto3

    def client(service):
        return boto3.client(service, endpoint_url=url,
                            region_name="eu-west-1", aws_access_key_id="a",
                            aws_secret_access_key="b")

    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
         "Resource": "*"}]})
    iam = client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    iam.create_user(UserName="v")
    other = iam.create_access_key(UserName="v")["AccessKey"]
    role = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=policy)["Role"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy)
    secret = client("secretsmanager").create_secret(
        Name=name, SecretString=text)
    print("id=%s\nsecret=%s\nother_id=%s\nother_secret=%s\nrole=%s\narn=%s" % (
        key["AccessKeyId"], key["SecretAccessKey"], other["AccessKeyId"],
        other["SecretAccessKey"], role["Arn"], secret["ARN"]))


def get(name):
    client = botocore.session.Session().create_client("secretsmanager")
    print(client.get_secret_value(SecretId=name)["SecretString"])


def method():
    print(botocore.session.Session().get_credentials().method)


def sign(file, secret):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    for line in open(file):
        request = json.loads(line)
        headers = request["headers"]
        id, _, region, service, _ = headers["authorization"].split(
            "Credential=")[1].split(",")[0].split("/")
        signer = SigV4Auth(
            Credentials(id, secret, headers.get("x-amz-security-token")),
            service, region)
        theirs = AWSRequest(
            method=request["method"], url="http://%s%s" % (
                headers["host"], request["path"]), data=request["body"],
            headers={name: headers[name] for name in (
                "content-type", "x-amz-target", "x-amz-date",
                "x-amz-security-token") if name in headers})
        theirs.context["timestamp"] = headers["x-amz-date"]
        text = signer.string_to_sign(theirs, signer.canonical_request(theirs))
        print(signer.signature(text, theirs))


globals()[sys.argv[1]](*sys.argv[2:])
