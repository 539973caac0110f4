// What holds of every command: help with examples, usage errors as exit code 2, JSON for machines, and a README that names only real ones.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandNames } from '../../src/cli/run-command.ts'
import { recorded } from './recorded-command.ts'

/** These talk to people alone. */
const WITHOUT_JSON = new Set(['demo', 'serve'])

describe.each(commandNames)('ringfence %s', (name) => {
  test('has help with examples and says its exit codes', async () => {
    const { code, printed } = await recorded(name, '--help')
    expect(code).toBe(0)
    expect(printed).toContain('Examples:')
    expect(printed).toMatch(/exit codes?/i)
  })

  test('refuses wrong usage with exit code 2 and says what is wrong', async () => {
    const { code, complained } = await recorded(name, '--no-such-option')
    expect(code).toBe(2)
    // Where an option is required, its absence is said first.
    expect(complained).toMatch(/--no-such-option|required option '--/)
  })
})

test('commands that answer questions answer in JSON too', async () => {
  for (const name of commandNames.filter((each) => !WITHOUT_JSON.has(each))) {
    const { printed } = await recorded(name, '--help')
    const nested = name === 'key' ? (await recorded(name, 'list', '--help')).printed : ''
    expect(printed + nested, name).toContain('--json')
  }
})

test('an unknown command is a usage error', async () => {
  const { code, complained } = await recorded('no-such-command')
  expect(code).toBe(2)
  expect(complained).toContain('no-such-command')
})

test('the README names only commands and options that exist', async () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')
  const lines = [...readme.matchAll(/npm run -s ringfence -- (\w+)([^\n#]*)/g)]
  expect(lines.length).toBeGreaterThan(5)
  for (const [, name = '', rest = ''] of lines) {
    expect(commandNames).toContain(name)
    const { printed } = await recorded(name, '--help')
    for (const [option] of rest.matchAll(/--[a-z][a-z-]*/g)) expect(printed, `${name} ${option}`).toContain(option)
  }
})
