// The general model on seeds of the generated worlds that it was not fitted on, against the plain rules in the same run.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { worldNames } from '../../datasets/generate.ts'
import { print, ringfence } from './command.ts'
import { calibration, comparison, type Measured } from './evaluations.ts'

const ACCOUNTS = '20000'
/** The general model was fitted on seeds below this (its card says which). */
const UNSEEN_SEED = '9001'

export async function benchWorlds([accounts = ACCOUNTS, ...seeds]: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-worlds-'))
  try {
    for (const world of worldNames) {
      for (const seed of seeds.length > 0 ? seeds : [UNSEEN_SEED]) {
        const folder = join(directory, `${world}-${seed}`)
        await ringfence('generate', world, '--out', folder, '--seed', seed, '--accounts', accounts)
        const measured = JSON.parse(await ringfence('evaluate', folder, '--json')) as Measured
        if (measured.referrals === null) throw new Error(`${world} has no labelled referrals`)
        const { ranking } = measured.referrals
        print(`### ${world}, seed ${seed}, ${accounts} accounts (${measured.sample})`)
        print(`${ranking.rows} referrals, ${ranking.positives} self-invitations\n\n${comparison(measured.referrals)}\n\n${calibration(measured.referrals)}\n`)
        rmSync(folder, { recursive: true })
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
