// The log on a disk that is full and has room again, and on a pipe that is full for a moment.
import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { lineWriter } from '../../src/observe/standard-error.ts'

const failing = (code: string): never => { throw Object.assign(new Error(code), { code }) }

/** `room`: how many bytes fit. */
const onDisk = (room: number) => {
  const disk = { room, text: '', lost: [] as number[] }
  const line = lineWriter((count) => { disk.lost.push(count) }, (bytes) => {
    if (disk.room === 0) return failing('ENOSPC')
    const part = bytes.subarray(0, disk.room)
    disk.room -= part.length
    disk.text += part.toString()
    return part.length
  })
  return { disk, line }
}

describe('a line of the log', () => {
  test('that the disk has no room for is counted, and told of after the first that it has room for', () => {
    const { disk, line } = onDisk(4)
    for (const text of ['one\n', 'two\n', 'three\n']) line(text)
    expect(disk).toMatchObject({ text: 'one\n', lost: [] })
    disk.room = 100
    line('four\n')
    line('five\n')
    expect(disk).toMatchObject({ text: 'one\nfour\nfive\n', lost: [2] })
  })

  test('of which half fitted does not spoil the next one', () => {
    const { disk, line } = onDisk(6)
    line('one\n')
    line('two\n')
    disk.room = 100
    line('three\n')
    expect(disk).toMatchObject({ text: 'one\ntw\nthree\n', lost: [1] })
  })

  test('waits for a pipe that is full for a moment, and loses nothing', () => {
    let [tries, text] = [0, '']
    const line = lineWriter(() => { throw new Error('lost') }, (bytes) => {
      tries += 1
      if (tries % 2 === 1) return failing('EAGAIN')
      text += bytes.toString('latin1', 0, 3)
      return Math.min(3, bytes.length)
    })
    line('one\n')
    line('two\n')
    expect(text).toBe('one\ntwo\n')
  })
})

const onFullDevice = existsSync('/dev/full') ? describe : describe.skip
onFullDevice('an engine whose log cannot be written (needs /dev/full)', () => {
  test('goes on, and counts what was lost', () => {
    const program = `
      import { makeSay } from '${new URL('../../src/observe/say.ts', import.meta.url)}'
      import { closeSync, openSync } from 'node:fs'
      const { say, metrics } = makeSay({ level: 'info' })
      for (const destination of ['pkb', 'print']) say('circuit_closed', { destination })
      closeSync(2)
      openSync('/dev/null', 'w')
      say('circuit_closed', { destination: 'pkb' })
      console.log(await metrics.metrics())`
    const run = spawnSync('/bin/sh', ['-c', '"$0" --input-type=module -e "$1" 2>/dev/full', process.execPath, program], { encoding: 'utf8' })
    expect(run.status).toBe(0)
    expect(run.stdout).toContain('openletter_log_lines_lost_total 2')
  })
})
