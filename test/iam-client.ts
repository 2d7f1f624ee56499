// AWS's clients of IAM, STS and S3 for tests, and what they are refused with.

import assert from 'node:assert/strict'
import { IAMClient, IAMServiceException } from '@aws-sdk/client-iam'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import { type Running, root } from './server.ts'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export const rootKeys: Keys = { accessKeyId: root.accessKeyId, secretAccessKey: root.secret }

const options = ({ endpoint }: Running, { sessionToken, ...keys }: Keys) => ({
  endpoint,
  region: 'us-east-1',
  maxAttempts: 1,
  credentials: sessionToken === undefined ? keys : { ...keys, sessionToken },
})

export const iamClient = (running: Running, keys = rootKeys) =>
  new IAMClient(options(running, keys))
export const stsClient = (running: Running, keys = rootKeys) =>
  new STSClient(options(running, keys))
export const s3Client = (running: Running, keys = rootKeys) =>
  new S3Client({ ...options(running, keys), forcePathStyle: true })

/** The keys in an answer of STS or of CreateAccessKey. */
export const keysOf = (
  given:
    | {
        AccessKeyId: string | undefined
        SecretAccessKey: string | undefined
        SessionToken?: string | undefined
      }
    | undefined,
): Keys => {
  assert.ok(given?.AccessKeyId !== undefined && given.SecretAccessKey !== undefined)
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
  }
}

/** Rejects with an error of this name and status. */
export const fails = (work: Promise<unknown>, name: RegExp, status: number) =>
  assert.rejects(work, (error: unknown) => {
    const told = error as IAMServiceException
    assert.match(told.name, name)
    assert.equal(told.$metadata.httpStatusCode, status)
    return true
  })

export const allow = (
  action: string | readonly string[],
  resource: string | readonly string[] = '*',
) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: action, Resource: resource }],
  })

export const trust = (principal: object, condition?: object, action = ['sts:AssumeRole']) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: principal,
        Action: action,
        ...(condition === undefined ? {} : { Condition: condition }),
      },
    ],
  })
