/** Entities, documents and pages as IAM answers them. */

import { arnOf } from '../../access/identities/names.ts'
import type { Page } from '../../access/identities/records.ts'
import type { EntityRecord, InlinePolicy } from '../../access/identities/tables.ts'
import type { AccountRecord } from '../../access/tables.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { Facts } from '../query-operation.ts'

/** Documents come percent-encoded (RFC 3986). */
export const encodeDocument = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const tagsOf = ({ document }: EntityRecord) =>
  document.tags.length === 0 ? {} : { Tags: document.tags }

const boundaryOf = (arn: string | undefined) =>
  arn === undefined
    ? {}
    : {
        PermissionsBoundary: {
          PermissionsBoundaryType: 'Policy',
          PermissionsBoundaryArn: arn,
        },
      }

export const userAnswer = (
  account: AccountRecord,
  user: EntityRecord,
  boundary?: string,
): shapes.User => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: arnOf(account, user),
  CreateDate: new Date(user.created),
  ...boundaryOf(boundary),
  ...tagsOf(user),
})

export const groupAnswer = (account: AccountRecord, group: EntityRecord): shapes.Group => ({
  Path: group.path,
  GroupName: group.name,
  GroupId: group.id,
  Arn: arnOf(account, group),
  CreateDate: new Date(group.created),
})

export const roleAnswer = (
  account: AccountRecord,
  role: EntityRecord,
  boundary?: string,
): shapes.Role => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: arnOf(account, role),
  CreateDate: new Date(role.created),
  AssumeRolePolicyDocument: encodeDocument(role.document.trust ?? ''),
  ...(role.document.description === undefined ? {} : { Description: role.document.description }),
  MaxSessionDuration: role.document.maxSession,
  ...boundaryOf(boundary),
  ...tagsOf(role),
})

export const policyAnswer = (
  account: AccountRecord,
  policy: EntityRecord,
  attachments: number,
): shapes.Policy => ({
  PolicyName: policy.name,
  PolicyId: policy.id,
  Arn: arnOf(account, policy),
  Path: policy.path,
  DefaultVersionId: policy.document.defaultVersion,
  AttachmentCount: attachments,
  PermissionsBoundaryUsageCount: 0,
  IsAttachable: true,
  ...(policy.document.description === undefined
    ? {}
    : { Description: policy.document.description }),
  CreateDate: new Date(policy.created),
  UpdateDate: new Date(policy.document.updated ?? policy.created),
  ...tagsOf(policy),
})

/** A policy of Moongate's own as if it were one of the account's. */
export const asEntity = ({ name, text }: InlinePolicy, created: number): EntityRecord => ({
  account: '',
  kind: 'policy',
  key: name.toLowerCase(),
  name,
  id: `ANPA${Buffer.from(name).toString('hex').toUpperCase().slice(0, 17).padEnd(17, '0')}`,
  path: '/',
  created,
  document: { tags: [], versions: [{ id: 'v1', text, created }], defaultVersion: 'v1' },
})

export interface Paging {
  readonly Marker?: string | undefined
  readonly MaxItems?: number | undefined
}

const encodeMarker = (key: string): string => Buffer.from(key).toString('base64url')

/** What a marker stands for. Throws ValidationError for one that was never given. */
export function decodeMarker(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined
  const key = Buffer.from(marker, 'base64url').toString()
  if (key !== '' && !key.includes('\0') && encodeMarker(key) === marker) return key
  throw new QueryError('ValidationError', 'Invalid Marker.')
}

/** Throws ValidationError. */
export function pageLimit({ MaxItems }: Paging): number {
  if (MaxItems === undefined) return 100
  if (MaxItems >= 1 && MaxItems <= 1000) return MaxItems
  throw new QueryError('ValidationError', 'MaxItems must be between 1 and 1000.')
}

export const pageRequest = (input: Paging & { readonly PathPrefix?: string | undefined }) => ({
  marker: decodeMarker(input.Marker),
  limit: pageLimit(input),
  pathPrefix: input.PathPrefix,
})

export const pageEnd = ({ marker }: Pick<Page<unknown>, 'marker'>) =>
  marker === undefined
    ? { IsTruncated: false }
    : { IsTruncated: true, Marker: encodeMarker(marker) }

/** A page of a list that is at hand; its marker is a place in it. */
export function pageOf<T>(items: readonly T[], input: Paging): Page<T> {
  const start = Number(decodeMarker(input.Marker) ?? 0)
  if (!Number.isSafeInteger(start) || start < 0)
    throw new QueryError('ValidationError', 'Invalid Marker.')
  const end = start + pageLimit(input)
  return { items: items.slice(start, end), marker: end < items.length ? String(end) : undefined }
}

/** Condition keys of tags that a request brings. */
export function requestTags(
  tags: readonly { readonly Key: string; readonly Value: string }[] | undefined,
): Facts {
  const facts: Record<string, string | readonly string[]> = {}
  if (tags === undefined || tags.length === 0) return facts
  for (const { Key, Value } of tags) facts[`aws:requesttag/${Key.toLowerCase()}`] = Value
  facts['aws:tagkeys'] = tags.map(({ Key }) => Key)
  return facts
}

/** Condition keys of the tags of what a request is about. */
export function resourceTags({ document }: EntityRecord): Facts {
  const facts: Record<string, string> = {}
  for (const { Key, Value } of document.tags) {
    facts[`aws:resourcetag/${Key.toLowerCase()}`] = Value
    facts[`iam:resourcetag/${Key.toLowerCase()}`] = Value
  }
  return facts
}
