// Runs the `ringfence` command as a user would, in a process of its own, and gives what it printed.

import { spawn } from 'node:child_process'
import { join } from 'node:path'

const launcher = join(import.meta.dirname, '..', '..', 'src', 'cli', 'ringfence.mjs')

/** Throws with the command's own words when it fails. */
export async function ringfence(...parameters: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [launcher, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
  const code = await new Promise<number | null>((resolve) => { child.on('close', resolve) })
  if (code !== 0) throw new Error(`ringfence ${parameters.join(' ')} ended with ${code}: ${errors}`)
  return output
}

/** A Markdown table; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows
  return [head, head.map(() => '---'), ...rest].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
