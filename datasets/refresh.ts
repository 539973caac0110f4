// Writes what is committed of the worlds: their cards and the sample folder. Run after a change of the generator:
// node --import tsx datasets/refresh.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { worldCard } from './card.ts'
import { worldNames } from './generate.ts'
import { sampleWorld } from './sample.ts'
import { writeWorld } from './write.ts'

for (const name of worldNames) {
  const folder = join(import.meta.dirname, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'README.md'), worldCard(name))
}
writeWorld(sampleWorld(), join(import.meta.dirname, 'sample'))
