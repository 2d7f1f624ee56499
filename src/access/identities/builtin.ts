/** The managed policies that everybody has: AWS's by their names, as far as they speak of what is here. */
import type { InlinePolicy } from './tables.ts'

const version = '2012-10-17'

const allow = (action: string | readonly string[]): string =>
  JSON.stringify({
    Version: version,
    Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
  })

const reading = ['s3:Get*', 's3:List*', 's3:Describe*']
const readingIam = [
  'iam:GenerateCredentialReport',
  'iam:GenerateServiceLastAccessedDetails',
  'iam:Get*',
  'iam:List*',
  'iam:SimulateCustomPolicy',
  'iam:SimulatePrincipalPolicy',
]

/** By name, in their order. */
export const builtinPolicies: readonly InlinePolicy[] = [
  { name: 'AdministratorAccess', text: allow('*') },
  { name: 'AmazonS3FullAccess', text: allow(['s3:*']) },
  { name: 'AmazonS3ReadOnlyAccess', text: allow(reading) },
  { name: 'IAMFullAccess', text: allow(['iam:*']) },
  { name: 'IAMReadOnlyAccess', text: allow(readingIam) },
  {
    name: 'PowerUserAccess',
    text: allow(['s3:*', 'sts:*', 'iam:ListRoles', 'iam:GetAccountSummary']),
  },
  { name: 'ReadOnlyAccess', text: allow([...reading, 'iam:Get*', 'iam:List*', 'sts:Get*']) },
]

/** What stands before such a policy's name where a link refers to it. */
export const builtinMark = 'aws:'
export const builtinArn = 'arn:aws:iam::aws:policy/'

/** When AWS made the first of them; these have no other time. */
export const builtinCreated = Date.UTC(2015, 1, 6)

export const builtinPolicy = (name: string): InlinePolicy | undefined =>
  builtinPolicies.find(policy => policy.name === name)
