/** The whole program in one file, beside a SKILL.md that may be copied anywhere. */
import { main } from './main.ts'

void main(process.argv.slice(2))
