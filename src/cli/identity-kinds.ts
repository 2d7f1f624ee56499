/** The kinds of identities that commands make, and what each takes to be made. */

export type IdentityKind = 'user' | 'group' | 'role'

/** What stands behind `create`. */
export const newOf: Readonly<Record<IdentityKind, string>> = {
  user: 'NAME',
  group: 'NAME',
  role: 'NAME --trust FILE',
}
