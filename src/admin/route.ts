/** What a route is: one declaration. Dispatch, rights, input and OpenAPI all come from it. */
import type { Access } from '../access/accounts.ts'
import type { NewBuckets } from '../access/bucket-access.ts'
import type { Principal } from '../access/principal.ts'
import type { Clock } from '../ports/clock.ts'
import type { BucketInfo, Buckets } from '../ports/keyspace.ts'
import type { ConditionValues } from '../rules/policy/request.ts'
import type { Fields, InputOf } from './fields.ts'

/** What the routes work with. */
export interface AdminParts {
  readonly access: Access
  readonly buckets: Buckets
  readonly clock: Clock
  readonly region: string
  readonly newBuckets: NewBuckets
  /** Whether a volume is another key's, where each key has one of its own although all are the root. */
  isOfOtherKey(volume: string, principal: Principal): boolean
  /** The condition keys of a request that is only thought of: those of who asks and what for, under the given ones. */
  imagine(
    principal: Principal,
    what: {
      readonly bucket: BucketInfo | undefined
      readonly key: string | undefined
      /** Number of the account that it belongs to. */
      readonly resourceAccount: string | undefined
    },
    given: ReadonlyMap<string, string | readonly string[]>,
  ): ConditionValues
}

/** Whose affair a request is: who may do it follows from that, see rights.ts. */
export type Scope =
  /** Of Moongate as a whole. */
  | { readonly of: 'moongate' }
  /** Of a volume, there or not. `owner`: also that of the account who owns what is touched in it. */
  | { readonly of: 'volume'; readonly volume: string; readonly owner?: string | undefined }
  /** Of an account, by its canonical id; undefined: there is none such. */
  | { readonly of: 'account'; readonly account: string | undefined }
  /**
   * Of the caller alone, who needs no right for it. `lasting`: but a key for it that does not expire. `reads`: not even a
   * key that lasts, because it changes nothing.
   */
  | { readonly of: 'caller'; readonly lasting?: boolean; readonly reads?: boolean }

export interface AdminContext extends AdminParts {
  readonly principal: Principal
  /** Condition keys of the request. */
  readonly condition: ConditionValues
}

export interface Answer {
  readonly data: unknown
  /** 200 where it is not said. */
  readonly status?: number
}

/** Names by kind; undefined ones are not there. */
export interface Named {
  readonly account?: string | undefined
  readonly user?: string | undefined
  readonly group?: string | undefined
  readonly role?: string | undefined
  readonly policy?: string | undefined
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

interface Declaration<F extends Fields> {
  /** The right that it takes is `admin:` and this name. */
  readonly name: string
  readonly method: Method
  /** Below `/-/admin/v1`; names of path fields in braces. */
  readonly path: string
  readonly summary: string
  /** False: it changes nothing, although it is no GET. */
  readonly changes?: false
  readonly fields: F
  /** Identities that the input names: by their very names, as rights are asked on those. */
  readonly entities?: (input: InputOf<F>) => Named
  readonly scope: (input: InputOf<F>, context: AdminContext) => Scope | Promise<Scope>
  /** What the right is asked on, behind `arn:moongate:admin::ACCOUNT:`. */
  readonly resource: (input: InputOf<F>, context: AdminContext) => string | Promise<string>
  readonly run: (input: InputOf<F>, context: AdminContext) => Promise<Answer>
}

/** A route, whatever it takes. */
export interface Route
  extends Omit<Declaration<Fields>, 'entities' | 'scope' | 'resource' | 'run'> {
  readonly entities: (input: object) => Named
  readonly scope: (input: object, context: AdminContext) => Scope | Promise<Scope>
  readonly resource: (input: object, context: AdminContext) => string | Promise<string>
  readonly run: (input: object, context: AdminContext) => Promise<Answer>
}

const noNames = (): Named => ({})

/** The input of a route was read by its own fields, which the compiler cannot see where all routes are one type. */
export function route<const F extends Fields>(declaration: Declaration<F>): Route {
  const { entities = noNames, scope, resource, run } = declaration
  return {
    ...declaration,
    entities: input => entities(input as InputOf<F>),
    scope: (input, context) => scope(input as InputOf<F>, context),
    resource: (input, context) => resource(input as InputOf<F>, context),
    run: (input, context) => run(input as InputOf<F>, context),
  }
}
