// Goal: worlds are generated, models trained on them and measured, and every figure says what it was measured on.
// Method: the command line in this process, on one small world; the detector's own quality is tested elsewhere.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Folders, twoAccounts } from '../folders/folder-on-disk.ts'
import { recorded } from './recorded-command.ts'

const folders = new Folders()
let world = ''
beforeAll(async () => {
  await folders.open()
  world = folders.path('world')
  await recorded('generate', 'desktop', '--out', world, '--seed', '2', '--accounts', '300')
})
afterAll(() => folders.close())

describe('ringfence generate', () => {
  it('writes the same folder for the same seed, and another for another', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((name) => folders.path(name))
    await recorded('generate', 'mobile', '--out', one ?? '', '--seed', '9', '--accounts', '100')
    const again = await recorded('generate', 'mobile', '--out', two ?? '', '--seed', '9', '--accounts', '100', '--json')
    await recorded('generate', 'mobile', '--out', three ?? '', '--seed', '9', '--accounts', '100', '--variation', '1')
    const files = await readdir(one ?? '')
    expect(files).toContain('referral_labels.csv')
    expect(JSON.parse(again.printed)).toMatchObject({ world: 'mobile', seed: 9, variation: null })
    for (const file of files) {
      expect(await readFile(join(two ?? '', file), 'utf8')).toBe(await readFile(join(one ?? '', file), 'utf8'))
    }
    expect(await readFile(join(three ?? '', 'accounts.csv'), 'utf8')).not.toBe(await readFile(join(one ?? '', 'accounts.csv'), 'utf8'))
  })

  it('refuses unknown worlds, too few accounts and folders that hold something, with 2', async () => {
    expect(await recorded('generate', 'atlantis', '--out', folders.path('y'))).toMatchObject({ code: 2, complained: expect.stringContaining('mobile') })
    expect(await recorded('generate', 'mobile', '--out', folders.path('y'), '--accounts', '5')).toMatchObject({ code: 2 })
    expect(await recorded('generate', 'mobile', '--out', world)).toMatchObject({ code: 2, complained: expect.stringContaining('not empty') })
  })
})

describe('ringfence train and evaluate', () => {
  it('trains a model that names its folder, and calls it in-sample there', async () => {
    const model = folders.path('model.json')
    const trained = await recorded('train', world, '--out', model, '--folds', '2', '--json')
    expect(trained.code).toBe(0)
    const report = JSON.parse(trained.printed) as { version: string; training: { digest: string }[] }
    expect(report).toMatchObject({ origin: 'local', sample: 'out-of-fold', folds: 2, sets: [{ name: 'world', referral: { positives: expect.any(Number) } }] })

    const measured = await recorded('evaluate', world, '--model', model, '--json')
    expect(JSON.parse(measured.printed)).toMatchObject({
      sample: 'in-sample', model: report.version, digest: report.training.at(-1)?.digest, referrals: { baselines: expect.any(Array) },
    })
    const audited = await recorded('audit', world, '--out', folders.path('audited'), '--model', model, '--json')
    expect(JSON.parse(audited.printed)).toMatchObject({ model: { version: report.version }, evaluation: { sample: 'in-sample' } })

    const folded = await recorded('evaluate', world, '--model', model, '--folds', '2')
    expect(folded).toMatchObject({ code: 2, complained: expect.stringContaining('would not be unseen') })
  })

  it('writes the same model for the same seed', async () => {
    const [one, two] = [folders.path('first.json'), folders.path('second.json')]
    await recorded('train', world, '--out', one, '--folds', '2')
    await recorded('train', world, '--out', two, '--folds', '2')
    expect(await readFile(two, 'utf8')).toBe(await readFile(one, 'utf8'))
  })

  it('measures out of fold, leaves rings out there, and writes a page that says so', async () => {
    const out = folders.path('report')
    const { code, printed } = await recorded('evaluate', world, '--folds', '2', '--out', out)
    expect(code).toBe(0)
    expect(printed).toContain('Scores: out of fold: 2 folds')
    expect((await readdir(out)).sort()).toEqual(['evaluation.html', 'evaluation.json', 'evaluation.md'])
    const page = await readFile(join(out, 'evaluation.html'), 'utf8')
    expect(page).toContain('out of fold')
    expect(page).toContain('<svg')
    expect(page).not.toMatch(/<script|\ssrc=/)
    expect(JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8'))).toMatchObject({ sample: 'out-of-fold', rings: null })
  })

  it('measures the general model as one that has not seen the folder', async () => {
    const { printed } = await recorded('evaluate', world, '--json')
    expect(JSON.parse(printed)).toMatchObject({ sample: 'out-of-sample', rings: { bCubed: {} } })
  })

  it('refuses folders without labels with 2', async () => {
    const bare = await folders.write({ 'accounts.csv': twoAccounts })
    expect(await recorded('train', bare, '--out', folders.path('m.json'))).toMatchObject({ code: 2, complained: expect.stringContaining('no labels') })
    expect(await recorded('evaluate', bare)).toMatchObject({ code: 2, complained: expect.stringContaining('no labels') })
  })
})
