// A progress bar on a terminal, silence in a pipe.

import { SingleBar } from 'cli-progress'
import type { Progress } from './context.ts'

export function terminalProgress(stream: NodeJS.WriteStream, monotonicSeconds: () => number): Progress {
  let bar: SingleBar | undefined
  let current = ''
  let startedSeconds = 0
  const finish = (): void => {
    bar?.stop()
    bar = undefined
    current = ''
  }
  return {
    update(stage, done, total) {
      if (stage !== current) {
        finish()
        current = stage
        startedSeconds = monotonicSeconds()
        bar = new SingleBar({
          stream, hideCursor: true, clearOnComplete: true, etaBuffer: 50,
          format: '{stage} {bar} {percentage}% {value}/{total} {rate}/s, {eta_formatted} left',
        })
        bar.start(Math.max(total, 1), 0, { stage: stage.padEnd(24), rate: '–' })
      }
      const seconds = monotonicSeconds() - startedSeconds
      if (total > 0) bar?.setTotal(total)
      bar?.update(done, { rate: seconds > 0 ? Math.round(done / seconds).toLocaleString('en') : '–' })
    },
    finish,
  }
}

export const silentProgress: Progress = { update: () => undefined, finish: () => undefined }
