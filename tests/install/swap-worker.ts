/** Run as a process of its own: installs a skill from one folder, then from the other, and again, until its standard
 * input ends. Says how often it did, and each error. The arguments: the name, where to, the two folders. */
import { installSkills } from '#lib/install/put.ts'

const [name = '', to = '', ...sources] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)
let [goesOn, rounds] = [true, 0]
process.stdin.resume().on('end', () => {
  goesOn = false
})

function both(): void {
  for (const from of sources)
    try {
      installSkills({ from, to, names: [name], link: false, dryRun: false })
      if (++rounds % 20 === 0) say(`${rounds}`)
    } catch (error) {
      say(`error: ${error instanceof Error ? error.message : error}`)
    }
  if (goesOn) setImmediate(both)
}
both()
