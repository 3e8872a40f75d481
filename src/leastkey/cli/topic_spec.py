"""`leastkey help spec`: every key of the spec in one example, which is a spec itself."""

from __future__ import annotations

from typing import Final

__all__ = ["SPEC"]

SPEC: Final = """\
# Every key of leastkey.yaml. Needed are version, identities and, of each
# identity, allow and used-by; [ ] holds what counts where a key is left out.
version: 1
project: acme-reports            # owner mark in AWS       [the folder's name]
account: "111122223333"          # refuse to run elsewhere [any account]
region: eu-west-1                #                         [us-east-1]
output: json                     # what the AWS CLI prints [json]
target: aws                      # aws or sandbox          [aws]
identities:
  nightly:                       # the script, and its AWS profile
    description: Nightly report  # shown in the console
    names: {role: nightly_role, policy: nightly_policy}  # [PROJECT-IDENTITY]
    session: 1h                  # 15m to 12h              [1h]

    allow:                       # what it may do; anything else is denied
      # levels of a service: list, read, write, tagging, permissions, full
      - s3: [list, read, write]
        on: s3://acme-reports/nightly/  # or ARNs, one or a list [everything]
      # actions by name, * and ? as in AWS; `when`: operator, key, value or list
      - actions: [ec2:Describe*, ec2:StartInstances]
        on: ["arn:aws:ec2:*:*:instance/*"]
        when: {StringEquals: {aws:ResourceTag/team: reports}}
      # a policy that AWS keeps, and one of your own: taken as they are
      - managed: job-function/ViewOnlyAccess
      - document: extra.json

    deny:                          # wins over allow; no `managed` here
      - s3: [write]
        on: s3://acme-reports/nightly/archive/

    boundary: {managed: PowerUserAccess}  # never more than; or {document: FILE}

    used-by:                       # who may wear the role
      - user: nightly-bot          # a key on this computer; its name may be
                                   # left out: `- user` [PROJECT-IDENTITY]
      - service: lambda            # an AWS service, such as ec2
      # jobs that show a token instead of a key, each named in full:
      # github also takes branch, tag, ref, workflow, audience
      - github: {repository: acme/reports, repository-id: 123456,
                 owner-id: 654321, environment: production}
      # gitlab also takes tag, ref, audience, and issuer for a site of your own
      - gitlab: {project: acme/reports, branch: main}
      - oidc: {issuer: "https://issuer.example", audience: sts.amazonaws.com,
               subject: job-7}
      - account: "444455556666"    # another account, and a word both sides know
        external-id: acme-7f3a91c2"""
