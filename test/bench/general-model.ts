// Makes the committed general model anew: varied generated worlds, then `ringfence train --general` over them, then the model's card.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { worldNames } from '../../datasets/generate.ts'
import { print, ringfence } from './command.ts'

const FOLDERS_PER_WORLD = 12
const ACCOUNTS = '8000'
const modelFolder = join(import.meta.dirname, '..', '..', 'scoring', 'model')

/** Takes about seven minutes of one core; the same generator and trainer give the same model. */
export async function benchGeneralModel(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-general-'))
  try {
    const folders: string[] = []
    for (const [place, world] of worldNames.entries()) {
      for (let folder = 0; folder < FOLDERS_PER_WORLD; folder++) {
        const seed = String(place * FOLDERS_PER_WORLD + folder)
        const path = join(directory, `${world}-${seed}`)
        await ringfence('generate', world, '--seed', seed, '--variation', seed, '--accounts', ACCOUNTS, '--out', path)
        folders.push(path)
      }
    }
    const file = join(modelFolder, 'general.json')
    print(await ringfence('train', ...folders.sort(), '--general', '--folds', '3', '--out', file))
    const { card } = JSON.parse(readFileSync(file, 'utf8')) as { card: string }
    writeFileSync(join(modelFolder, 'general.md'), card.endsWith('\n') ? card : `${card}\n`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
