// The form of the generated tables: what an operation and a shape are, as data. Written by hand, filled by scripts/model.ts.

/** Where of a request a resource is named. */
export type Level = 'service' | 'bucket' | 'object'

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'

/** How a timestamp is written: `2006-02-03T16:45:09.000Z`, `Fri, 03 Feb 2006 16:45:09 GMT`, `1138985109`. */
export type TimestampFormat = 'iso' | 'http' | 'epoch'

/**
 * Of what kind a value is: a scalar, bytes that travel beside the shape (`stream`), names with values (`map`), or the
 * shape of this name.
 */
export type Kind =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'timestamp'
  | 'blob'
  | 'stream'
  | 'map'
  | { readonly shape: string }

/** Where a member travels, if not as an element of XML. `prefix` gathers all headers that begin so. */
export type Binding = 'label' | 'header' | 'query' | 'prefix' | 'payload' | 'attribute' | 'host'

export interface Member {
  readonly name: string
  readonly kind: Kind
  /** A list of `kind`. The value is the name of its item elements, unused where `flat`. */
  readonly list?: string
  /** The items stand in the parent without an element around them. */
  readonly flat?: true
  readonly in?: Binding
  /** The element, header, query parameter, header prefix or attribute, where it is not spelt as `name`. */
  readonly as?: string
  readonly required?: true
  readonly format?: TimestampFormat
  /** A name space that the element declares: prefix and URI. */
  readonly xmlns?: readonly [prefix: string, uri: string]
  /** Must not be logged. */
  readonly secret?: true
}

export interface Shape {
  /** The element that this shape is when it is a document's root. */
  readonly root: string
  readonly members: readonly Member[]
}

export interface OperationEntry {
  readonly method: Method
  readonly level: Level
  /** A path of its own instead of bucket or key. */
  readonly path?: string
  /** Query parameters that must be there; with a value where one is given. */
  readonly query?: readonly (readonly [name: string, value?: string])[]
  readonly status: number
  readonly input: string
  /** Absent if there is nothing to say. */
  readonly output?: string
  /** The body must come with Content-MD5 or one of the checksums. */
  readonly checksumRequired?: true
  /** The output's only member is the text of the root (GetBucketLocation). */
  readonly unwrapped?: true
}

/** An operation of the query protocol (IAM, STS): parameters of a form in, XML out. Absent: nothing to say. */
export interface QueryEntry {
  readonly input?: string
  readonly output?: string
}
