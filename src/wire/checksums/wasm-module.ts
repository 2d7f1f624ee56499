// Instantiates embedded WebAssembly modules. Node's types do not have the few names that this takes.

interface Memory {
  readonly buffer: ArrayBuffer
}

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> }
  readonly Memory: new (options: { initial: number }) => Memory
}

/** A module's memory and its functions, which take numbers and return nothing. */
export interface WasmModule {
  readonly memory: ArrayBuffer
  readonly call: (name: string) => (...parameters: number[]) => void
}

/** Instantiates a module (base64) that exports `memory` and functions. */
export const instantiate = (base64: string): WasmModule => {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'))
  const { exports } = new WebAssembly.Instance(module)
  const memory = exports['memory']
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError('the module has no memory')
  return {
    memory: memory.buffer,
    call: name => {
      const found = exports[name]
      if (!isFunction(found)) throw new TypeError(`the module has no function ${name}`)
      return found
    },
  }
}

const isFunction = (value: unknown): value is (...parameters: number[]) => void =>
  typeof value === 'function'
