/** `[admin.oidc]` and `[admin.ldap]`: how administrators sign in beside their access keys. */
import type {
  GroupPolicies,
  LdapSettings,
  OidcSettings,
  SignInSettings,
} from '../admin/sign-in/settings.ts'
import { DeclarationError, isRecord, onlyKeys, type Reader, reader, shown } from './declared.ts'

const url = (...schemes: readonly string[]) => ({
  form: new RegExp(`^(?:${schemes.join('|')})://[^\\s?#]+$`),
  words: `a URL with ${schemes.join(' or ')}`,
})

/** This machine, where nobody between can listen. */
const loopback = /^[a-z]+:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/]|$)/

function policiesOf(value: unknown, where: string): GroupPolicies {
  const words = 'a table of groups, each with a list of policies'
  if (!isRecord(value)) throw new DeclarationError(where, words)
  return Object.fromEntries(
    Object.entries(value).map(([group, names]) => {
      const list = [names].flat()
      if (!list.every(name => typeof name === 'string' && name !== ''))
        throw new DeclarationError(`${where}.${group}`, 'a list of names of policies')
      return [group, list as readonly string[]]
    }),
  )
}

function oidcOf(item: Record<string, unknown>): OidcSettings {
  const where = 'admin.oidc'
  onlyKeys(item, ['issuer', 'client_id', 'claim', 'policies'], where)
  const { required, optional } = reader(item, where)
  const issuer = required('issuer', url('https', 'http'))
  if (issuer.startsWith('http:') && !loopback.test(issuer))
    throw new DeclarationError(`${where}.issuer`, 'a URL with https, unless it is on this machine')
  return {
    issuer,
    clientId: required('client_id', shown),
    claim: optional('claim', shown) ?? 'groups',
    policies: policiesOf(item['policies'], `${where}.policies`),
  }
}

const ldapKeys = [
  'url',
  'start_tls',
  'bind_dn',
  'bind_password',
  'base',
  'filter',
  'group_base',
  'group_filter',
  'group_name',
  'policies',
]

function connectionOf(
  item: Record<string, unknown>,
  { required, optional }: Reader,
  where: string,
) {
  const address = required('url', url('ldaps', 'ldap'))
  const startTls = item['start_tls'] ?? false
  if (typeof startTls !== 'boolean')
    throw new DeclarationError(`${where}.start_tls`, 'true or false')
  if (address.startsWith('ldap:') && !startTls && !loopback.test(address))
    throw new DeclarationError(
      `${where}.url`,
      'a URL with ldaps, or go with start_tls, unless it is on this machine: passwords go there',
    )
  const bindDn = optional('bind_dn', shown)
  const bindPassword = optional('bind_password', shown)
  if ((bindDn === undefined) !== (bindPassword === undefined))
    throw new DeclarationError(`${where}.bind_dn`, 'there together with bind_password')
  return { url: address, startTls, bindDn, bindPassword }
}

function ldapOf(item: Record<string, unknown>): LdapSettings {
  const where = 'admin.ldap'
  onlyKeys(item, ldapKeys, where)
  const read = reader(item, where)
  const base = read.required('base', shown)
  return {
    ...connectionOf(item, read, where),
    base,
    filter: read.optional('filter', shown) ?? '(uid={name})',
    groupBase: read.optional('group_base', shown) ?? base,
    groupFilter: read.optional('group_filter', shown) ?? '(|(member={dn})(memberUid={name}))',
    groupName: read.optional('group_name', shown) ?? 'cn',
    policies: policiesOf(item['policies'], `${where}.policies`),
  }
}

function part(admin: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const value = admin[name]
  if (value === undefined) return undefined
  if (!isRecord(value)) throw new DeclarationError(`admin.${name}`, 'a table')
  return value
}

/** Throws {@link DeclarationError}, which never repeats a secret. */
export function signInOfFile(value: unknown): SignInSettings {
  if (value === undefined) return { oidc: undefined, ldap: undefined }
  if (!isRecord(value)) throw new DeclarationError('admin', 'a table')
  onlyKeys(value, ['oidc', 'ldap'], 'admin')
  const oidc = part(value, 'oidc')
  const ldap = part(value, 'ldap')
  return {
    oidc: oidc === undefined ? undefined : oidcOf(oidc),
    ldap: ldap === undefined ? undefined : ldapOf(ldap),
  }
}
