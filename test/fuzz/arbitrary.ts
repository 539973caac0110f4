// Values from JSON schemas as the OpenAPI document holds them, and mutations that break them.

import fc from 'fast-check'

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: JsonSchema
  readonly oneOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
}

/** Values that hit something, by the name of the field. */
export type Dictionary = Readonly<Record<string, readonly unknown[]>>

export interface Making {
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly dictionary: Dictionary
}

export function arbitraryOf(schema: JsonSchema, making: Making, name = ''): fc.Arbitrary<unknown> {
  const known = making.dictionary[name]
  const made = fresh(schema, making)
  // A word of a closed list is hit anyway.
  return known === undefined || schema.const !== undefined || schema.enum !== undefined ? made : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: made })
}

function fresh(schema: JsonSchema, making: Making): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return arbitraryOf(making.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, making)
  const alternatives = schema.oneOf ?? schema.anyOf
  if (alternatives !== undefined) return fc.oneof(...alternatives.map((each) => arbitraryOf(each, making)))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const types = Array.isArray(schema.type) ? (schema.type as readonly string[]) : [schema.type as string | undefined]
  return fc.oneof(...types.map((type) => ofType(type, schema, making)))
}

function ofType(type: string | undefined, schema: JsonSchema, making: Making): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string': return textOf(schema)
    case 'integer': return fc.integer({ min: schema.minimum ?? -2, max: Math.min(schema.maximum ?? 1000, 1_000_000) })
    case 'number': return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1, noNaN: true })
    case 'boolean': return fc.boolean()
    case 'null': return fc.constant(null)
    case 'array': return fc.array(arbitraryOf(schema.items ?? {}, making), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 3) })
    case 'object': return objectOf(schema, making)
    default: return fc.jsonValue({ maxDepth: 2 })
  }
}

function objectOf(schema: JsonSchema, making: Making): fc.Arbitrary<unknown> {
  const properties = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, each]) => [name, arbitraryOf(each, making, name)]))
  const record = fc.record(properties, { requiredKeys: [...(schema.required ?? [])] })
  if (typeof schema.additionalProperties !== 'object') return record
  return fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), arbitraryOf(schema.additionalProperties, making), { maxKeys: 3 })
}

function textOf({ pattern, format, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ min: new Date('2025-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }).map((time) => time.toISOString())
  if (format === 'uuid') return fc.uuid()
  if (format === 'uri') return fc.webUrl()
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= Math.max(maxLength, 100))
  return fc.oneof(fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) }), fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, 60) }))
}

/** Another value somewhere inside: a field gone, added, of another type, or far beyond its bounds. */
export function mutationOf(value: unknown): fc.Arbitrary<unknown> {
  const strange: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
    null, true, -1, 1e308, 2 ** 53, '', ' ', '\u0000', '\ud800', 'x'.repeat(3000), [], {}, [[]], '-1', '1e9', '0x10', '9'.repeat(40), '١٢', '../../etc/passwd', "'; drop table act; --", '${7*7}', '__proto__', '1.0000001')
  if (Array.isArray(value)) {
    return fc.oneof(strange, fc.nat(Math.max(0, value.length - 1)).chain((place) => mutationOf(value[place]).map((other) => value.map((each, index) => (index === place ? other : each) as unknown))))
  }
  if (typeof value !== 'object' || value === null) return strange
  const fields = Object.entries(value)
  const added = fc.tuple(fc.constantFrom('extra', 'constructor', 'toString', 'id', 'actor_id'), strange).map(([name, other]) => ({ ...value, [name]: other }))
  if (fields.length === 0) return fc.oneof(strange, added)
  const changed = fc.constantFrom(...fields).chain(([name, each]) => fc.oneof(
    fc.constant(Object.fromEntries(fields.filter(([other]) => other !== name))),
    mutationOf(each).map((other) => ({ ...value, [name]: other })),
  ))
  return fc.oneof({ weight: 1, arbitrary: strange }, { weight: 2, arbitrary: added }, { weight: 6, arbitrary: changed })
}
