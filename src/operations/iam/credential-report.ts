/** IAM: the credential report, a table of all users with what they can sign in with. It is made when it is asked for. */
import type { KeyInfo } from '../../access/identities/keys.ts'
import { arnAccount, arnOf } from '../../access/identities/names.ts'
import type { KeyUse } from '../../access/key-uses.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import type { Nothing, QueryContext, QueryOperation } from '../query-operation.ts'

const columns = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  ...[1, 2].flatMap(number =>
    ['active', 'last_rotated', 'last_used_date', 'last_used_region', 'last_used_service'].map(
      word => `access_key_${number}_${word}`,
    ),
  ),
  ...[1, 2].flatMap(number => [`cert_${number}_active`, `cert_${number}_last_rotated`]),
  'additional_credentials_info',
]

/** AWS has columns for two keys, and tells in the last one that there are more. */
const keysShown = 2
const unknown = 'N/A'
/** AWS's documentation writes them in capitals; its reports do not, and tools compare what those have. */
const yes = 'true'
const no = 'false'

const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}+00:00`

const cell = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

interface Holder {
  readonly name: string
  readonly arn: string
  readonly created: number
  /** Undefined: the root. */
  readonly user: string | undefined
}

function keyCells(key: KeyInfo | undefined, use: KeyUse | undefined): readonly string[] {
  if (key === undefined) return [no, unknown, unknown, unknown, unknown]
  return [
    key.status === 'Active' ? yes : no,
    timeText(key.created),
    use === undefined ? unknown : timeText(use.at),
    use?.region ?? unknown,
    use?.service ?? unknown,
  ]
}

async function rowOf({ store, account }: QueryContext, holder: Holder): Promise<string> {
  const keys = await store.keys.list(account.id, holder.user)
  // Keys that work are told before those that do not.
  const told = keys
    .toSorted((a, b) => Number(b.status === 'Active') - Number(a.status === 'Active'))
    .slice(0, keysShown)
  const uses = await store.uses.of(told.map(({ id }) => id))
  const password =
    holder.user === undefined
      ? ['not_supported', unknown, 'not_supported', 'not_supported']
      : [no, unknown, unknown, unknown]
  const cells = [
    holder.name,
    holder.arn,
    timeText(holder.created),
    ...password,
    no,
    ...[...Array(keysShown).keys()].flatMap(index => {
      const key = told[index]
      return keyCells(key, key === undefined ? undefined : uses.get(key.id))
    }),
    no,
    unknown,
    no,
    unknown,
    keys.length > keysShown
      ? `${keys.length - keysShown} more access keys: use ListAccessKeys`
      : unknown,
  ]
  return cells.map(cell).join(',')
}

async function report(context: QueryContext): Promise<string> {
  const { store, account } = context
  const root: Holder = {
    name: '<root_account>',
    arn: `arn:aws:iam::${arnAccount(account)}:root`,
    created: account.created,
    user: undefined,
  }
  const rows = [columns.join(','), await rowOf(context, root)]
  let marker: string | undefined
  do {
    const page = await store.users.list(account.id, { marker, limit: 250 })
    for (const user of page.items) {
      const { name, created } = user
      rows.push(await rowOf(context, { name, created, user: name, arn: arnOf(account, user) }))
    }
    marker = page.marker
  } while (marker !== undefined)
  return rows.join('\n')
}

/** There is nothing to wait for. */
export const generateCredentialReport: QueryOperation<
  Nothing,
  shapes.GenerateCredentialReportResponse
> = {
  action: 'iam:GenerateCredentialReport',
  run: () => Promise.resolve({ State: 'COMPLETE' }),
}

export const getCredentialReport: QueryOperation<Nothing, shapes.GetCredentialReportResponse> = {
  action: 'iam:GetCredentialReport',
  async run(_, context) {
    const text = await report(context)
    return {
      Content: Buffer.from(text),
      ReportFormat: 'text/csv',
      GeneratedTime: new Date(context.now),
    }
  },
}
