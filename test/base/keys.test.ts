// Keys: made once with mode 0600, refused when readable by others or when they are not the database's own; rotation wraps.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { canonicalJson, hashIdentifier, naturalKey, wrapHash } from '../../src/base/hashing.ts'
import { checkKeys, KEY_PURPOSES, type KeyRing, loadKeys } from '../../src/base/keys.ts'
import { testKeys, useDatabase } from '../database.ts'

const { database, clock, owner } = await useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'ringfence-keys-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const second = { id: 2, secret: Buffer.alloc(32, 9) }
const rotated: KeyRing = { ...testKeys(), identifiers: [...testKeys().identifiers, second] }

describe('key files', () => {
  test('are made once, readable by their owner alone', () => {
    const made = loadKeys(join(directory, 'made'))
    for (const purpose of KEY_PURPOSES) expect(statSync(join(directory, 'made', `${purpose}.keys`)).mode & 0o777).toBe(0o600)
    expect(loadKeys(join(directory, 'made'))).toEqual(made)
    expect(new Set(KEY_PURPOSES.map((purpose) => made[purpose][0]?.secret.toString('hex'))).size).toBe(KEY_PURPOSES.length)
  })

  test('are refused when others can read them, or when they are malformed', () => {
    loadKeys(join(directory, 'open'))
    chmodSync(join(directory, 'open', 'chain.keys'), 0o644)
    expect(() => loadKeys(join(directory, 'open'))).toThrow('can be read by others')
    chmodSync(join(directory, 'open', 'chain.keys'), 0o600)
    writeFileSync(join(directory, 'open', 'chain.keys'), '1:short')
    expect(() => loadKeys(join(directory, 'open'))).toThrow('64 hexadecimal digits')
    writeFileSync(join(directory, 'open', 'chain.keys'), readFileSync(join(directory, 'open', 'tokens.keys'), 'utf8').replace('1:', '2:'))
    expect(() => loadKeys(join(directory, 'open'))).toThrow('numbered 1, 2')
  })
})

describe('checkKeys', () => {
  test('accepts the keys the database was written with, and a rotation', async () => {
    await checkKeys(database, testKeys(), clock)
    await checkKeys(database, testKeys(), clock)
    await checkKeys(database, rotated, clock)
  })

  test('refuses another key and a forgotten generation', async () => {
    await expect(checkKeys(database, { ...rotated, chain: [{ id: 1, secret: Buffer.alloc(32, 1) }] }, clock)).rejects.toThrow('is not the one this database was written with')
    await expect(checkKeys(database, testKeys(), clock)).rejects.toThrow('knows 2 keys for identifiers')
  })

  test('stores no key', async () => {
    const { rows } = await owner.pool.query<{ digest: Buffer }>('select digest from key_check')
    const secrets = Object.values(rotated).flat().map((key) => key.secret.toString('hex'))
    for (const row of rows) expect(secrets).not.toContain(row.digest.toString('hex'))
  })
})

describe('hashes', () => {
  test('depend on kind, value and key, and have 128 bits', () => {
    const { hash, keyId } = hashIdentifier(testKeys(), 'ip', '192.0.2.1')
    expect([hash.length, keyId]).toEqual([16, 1])
    expect(hashIdentifier(testKeys(), 'ip', '192.0.2.2').hash).not.toEqual(hash)
    expect(hashIdentifier(testKeys(), 'device', '192.0.2.1').hash).not.toEqual(hash)
    expect(hashIdentifier(rotated, 'ip', '192.0.2.1').hash).not.toEqual(hash)
  })

  test('of rows stored before a rotation, once wrapped, meet the hashes of new values', () => {
    const stored = hashIdentifier(testKeys(), 'ip', '192.0.2.1').hash
    expect(wrapHash(second, stored)).toEqual(hashIdentifier(rotated, 'ip', '192.0.2.1').hash)
  })

  test('of natural keys do not run their parts together', () => {
    expect(naturalKey(testKeys(), 'ab', 'c')).not.toEqual(naturalKey(testKeys(), 'a', 'bc'))
  })

  test('canonical texts are equal for equal values, whatever the order of their keys', () => {
    expect(canonicalJson({ b: 1n, a: [new Date(0), null, undefined], c: undefined })).toBe('{"a":["1970-01-01T00:00:00.000Z",null,null],"b":"1"}')
    expect(canonicalJson({ a: 1, b: { d: 1, c: 2 } })).toBe(canonicalJson({ b: { c: 2, d: 1 }, a: 1 }))
  })
})
