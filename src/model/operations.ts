// All operations of the S3 API: those of AWS's model and the one that the model lacks.

import { operationTable, shapeTable } from './operations.gen.ts'
import type { OperationEntry, Shape } from './schema.ts'
import type { OperationName } from './shapes.gen.ts'

/** Every operation that a request can mean. `PostObject` is the upload by an HTML form. */
export type AnyOperation = OperationName | 'PostObject'

/** AWS's model leaves the form upload out, because its fields are neither headers nor query. */
const postObject: OperationEntry = {
  method: 'POST',
  level: 'bucket',
  status: 204,
  input: 'PostObjectRequest',
}

export const operations: Readonly<Record<AnyOperation, OperationEntry>> = {
  ...operationTable,
  PostObject: postObject,
}

const nothing: Shape = { root: '', members: [] }

/** The shape of this name in the model; an empty one for `undefined` or a name it does not know. */
export const shapeOf = (name: string | undefined): Shape =>
  (name === undefined ? undefined : shapeTable[name]) ?? nothing

const isOperation = (name: string): name is AnyOperation => Object.hasOwn(operations, name)

/** In the order of the alphabet, PostObject last. */
export const operationNames: readonly AnyOperation[] = Object.keys(operations).filter(isOperation)
