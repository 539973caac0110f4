// Goal: scripts can tell a folder with errors from one without, and people read what to do.
// Method: the command line in this process, on folders on disk.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Folders, twoAccounts } from '../folders/folder-on-disk.ts'
import { recorded } from './recorded-command.ts'

const folders = new Folders()
beforeAll(() => folders.open())
afterAll(() => folders.close())

const observations = 'account_id,kind,value,observed_at\na,ip,81.2.69.160,1767398400\nb,device,d-1,1767398400\n'

describe('ringfence doctor', () => {
  it('ends with 1 when it finds errors and says what to do', async () => {
    const { code, printed } = await recorded('doctor', await folders.write({ 'accounts.csv': twoAccounts }))
    expect(code).toBe(1)
    expect(printed).toContain('ERROR    No account has any identifier.')
    expect(printed).toContain('Add observations.csv')
    expect(printed).toMatch(/2026-01\s+2\s+0\s+0\s+0/)
  })

  it('ends with 0 when there are warnings only', async () => {
    const { code, printed } = await recorded('doctor', await folders.write({ 'accounts.csv': twoAccounts, 'observations.csv': observations }))
    expect(code).toBe(0)
    expect(printed).toContain('warning  There are no referrals.')
  })

  it('gives the same as JSON, with sentence, advice and the rows refused', async () => {
    const path = await folders.write({ 'accounts.csv': `${twoAccounts},x\n`, 'observations.csv': observations })
    const { code, printed } = await recorded('doctor', path, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(printed)).toMatchObject({
      accounts: 2,
      findings: expect.arrayContaining([expect.objectContaining({
        code: 'refused_rows', severity: 'error', advice: 'Every refused row is listed with line, column and reason.',
      })]),
      refusals: [{ file: 'accounts.csv', line: 4, column: 'account_id', reason: 'missing_value' }],
    })
  })

  it('knows the hour: times after now are errors', async () => {
    const path = await folders.write({ 'accounts.csv': `${twoAccounts}c,2027-01-02T00:00:00Z\n`, 'observations.csv': observations })
    expect((await recorded('doctor', path)).printed).toContain('The latest time in the folder is 2027-01-02T00:00:00Z')
  })

  it('speaks Chinese', async () => {
    const { printed } = await recorded('doctor', await folders.write({ 'accounts.csv': twoAccounts }), '--lang', 'zh-CN')
    expect(printed).toContain('错误  没有任何账户带有标识符。')
  })

  it('ends with 2 when the folder cannot be read', async () => {
    expect(await recorded('doctor', folders.path('nowhere'))).toMatchObject({ code: 2, printed: '' })
    const headless = await folders.write({ 'accounts.csv': 'a@example.org,2026-01-01T00:00:00Z\n' })
    const { code, complained } = await recorded('doctor', headless)
    expect(code).toBe(2)
    expect(complained).toBe('accounts.csv:1: the first line names none of the expected columns: is the header missing?')
  })
})
