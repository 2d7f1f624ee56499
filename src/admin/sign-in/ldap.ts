/** Names and passwords, asked of a directory. */
import { Client, InvalidCredentialsError } from 'ldapts'
import { type LdapSettings, type Outsider, SignInFailed } from './settings.ts'

const timeoutMs = 5000
const groupsMax = 500

/** RFC 4515: what would mean something in a filter is written as its code. */
export const escapeFilter = (text: string): string =>
  text.replace(/[\0()*\\]/g, char => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => escapeFilter(values[name] ?? ''))

/** RFC 4514: a name that no entry has. */
const nobodyUnder = (base: string): string =>
  `cn=nobody-${Math.random().toString(36).slice(2)},${base}`

/** Throws {@link SignInFailed}. Rejects as the client does where the directory cannot be asked. */
export async function askDirectory(
  settings: LdapSettings,
  name: string,
  password: string,
): Promise<Outsider> {
  // A bind without a password is one of nobody, and succeeds.
  if (name === '' || password === '') throw new SignInFailed('a name or a password is missing')
  const dn = await userEntry(settings, name)
  const client = await connected(settings)
  try {
    // Of a name that nobody has the password is asked all the same, so that the answer takes as long.
    await bind(client, dn ?? nobodyUnder(settings.base), password)
    if (dn === undefined) throw new SignInFailed('there is no such user')
  } finally {
    await closed(client)
  }
  return { name, groups: await groupsOf(settings, { dn, name }) }
}

async function connected({ url, startTls }: LdapSettings): Promise<Client> {
  const client = new Client({ url, timeout: timeoutMs, connectTimeout: timeoutMs, strictDN: false })
  if (startTls) await client.startTLS()
  return client
}

async function closed(client: Client): Promise<void> {
  await client.unbind().catch(() => undefined)
}

async function bind(client: Client, dn: string, password: string): Promise<void> {
  try {
    await client.bind(dn, password)
  } catch (error) {
    if (error instanceof InvalidCredentialsError) {
      throw new SignInFailed('the directory refuses it', { cause: error })
    }
    throw error
  }
}

/** Looks something up as who may look things up. */
async function lookedUp<T>(settings: LdapSettings, look: (client: Client) => Promise<T>) {
  const client = await connected(settings)
  try {
    const { bindDn, bindPassword } = settings
    if (bindDn !== undefined) await client.bind(bindDn, bindPassword ?? '')
    return await look(client)
  } finally {
    await closed(client)
  }
}

/** The one entry of that name. */
function userEntry(settings: LdapSettings, name: string): Promise<string | undefined> {
  return lookedUp(settings, async client => {
    const { searchEntries } = await client.search(settings.base, {
      scope: 'sub',
      filter: filled(settings.filter, { name }),
      attributes: ['dn'],
      sizeLimit: 2,
    })
    return searchEntries.length === 1 ? searchEntries[0]?.dn : undefined
  })
}

function groupsOf(
  settings: LdapSettings,
  who: { readonly dn: string; readonly name: string },
): Promise<readonly string[]> {
  return lookedUp(settings, async client => {
    const { searchEntries } = await client.search(settings.groupBase, {
      scope: 'sub',
      filter: filled(settings.groupFilter, who),
      attributes: [settings.groupName],
      sizeLimit: groupsMax,
    })
    return searchEntries.flatMap(entry =>
      [entry[settings.groupName] ?? []].flat().filter(value => typeof value === 'string'),
    )
  })
}
