// The services that speak AWS's query protocol: their operations, name spaces and versions.

import { iamOperations, iamShapes } from './iam.gen.ts'
import type { IamInputs, IamOutputs } from './iam-shapes.gen.ts'
import type { QueryEntry, Shape } from './schema.ts'
import { stsOperations, stsShapes } from './sts.gen.ts'
import type { StsInputs, StsOutputs } from './sts-shapes.gen.ts'

export type IamOperation = keyof IamInputs & keyof IamOutputs
export type StsOperation = keyof StsInputs & keyof StsOutputs

export interface QueryService {
  /** As a signature's scope and an action's name have it. */
  readonly name: 'iam' | 'sts'
  readonly version: string
  readonly namespace: string
  readonly operations: Readonly<Record<string, QueryEntry>>
  readonly shapes: Readonly<Record<string, Shape>>
}

export const queryServices = {
  iam: {
    name: 'iam',
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    operations: iamOperations,
    shapes: iamShapes,
  },
  sts: {
    name: 'sts',
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: stsOperations,
    shapes: stsShapes,
  },
} as const satisfies Record<string, QueryService>

/** `iam:CreateUser`, as policies and logs name the operations. */
export const queryOperationNames: readonly string[] = Object.values(queryServices).flatMap(
  ({ name, operations }) => Object.keys(operations).map(operation => `${name}:${operation}`),
)
