/** What the hub of Hermes (`tools/skills_guard.py`, v0.20.0) looks for in a skill before it installs it, as far as texts and
 * programs like ours could trip it. A finding that is "high" or "critical" blocks. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** The files it opens. `.cjs` is not among them. */
const SCANNED = [
  ...['.md', '.txt', '.py', '.sh', '.bash', '.js', '.ts', '.rb', '.yaml', '.yml', '.json', '.toml', '.cfg', '.ini'],
  ...['.conf', '.html', '.css', '.xml', '.tex', '.r', '.jl', '.pl', '.php'],
]

export const RULES: Record<string, RegExp> = {
  'three folders up': /\.\.\/\.\.\/\.\./,
  'the environment by a computed name': /process\.env\[/i,
  'a program started through the module': /child_process\.(?:exec|spawn|fork)\s*\(/i,
  'exec of a literal': /\bexec\s*\(\s*["']/i,
  'eval of a literal': /\beval\s*\(\s*["']/i,
  'env and a bar': /printenv|env\s*\|/i,
  'the process file system': /\/proc\/(?:self|\d+\/)/i,
  sudo: /\bsudo\b|NOPASSWD|\/etc\/sudoers/i,
  'another identity': /setuid|setgid|chmod\s+[u+]?s/i,
  'all interfaces': /0\.0\.0\.0:\d|INADDR_ANY/i,
  "other agents' instructions": /CLAUDE\.md|AGENTS\.md|\.cursorrules|\.clinerules/i,
  'a secret as a literal': /(?:api[_-]?key|token|secret|password)\s*[=:]\s*["'][A-Za-z0-9+/=_-]{20,}/i,
  'a private key': /-----BEGIN\s+(?:RSA\s+)?PRIVATE\s+KEY|\bsk-[A-Za-z0-9]{20,}|ghp_[A-Za-z0-9]{36}/i,
  "a user's secrets": /(?:\$HOME|~)\/\.(?:ssh|aws|gnupg|kube|docker)|authorized_keys|\/etc\/(?:passwd|shadow)/i,
  'a secrets file that is read': /cat\s+(?!>)[^\n]*(?:\.env|credentials|\.netrc|\.npmrc)/i,
  'a download that is run': /(?:curl|wget)\s[^\n]*\|\s*(?:ba)?sh|echo\s+[^\n]*\|\s*(?:bash|sh|python|perl|ruby|node)/i,
  'a system file written over': />\s*\/etc\/|rm\s+-rf\s+\//i,
  'a reverse shell': /\bnc\s+-[lp]|\bsocat\b|\bngrok\b|\bcloudflared\b/i,
  'a name looked up from a variable': /(?<![-/])\b(?:dig|nslookup|host)\s+["']?[^\s"'$]*\$/i,
  'data sent to an address': /(?:send|post|upload|transmit)\s+.*\s+(?:to|at)\s+https?:\/\//i,
  'a hidden instruction': /<!--[^>]*(?:ignore|override|system|secret|hidden)[^>]*-->/i,
  'a role': /you\s+are\s+(?:\w+\s+)*now\s|pretend\s+(?:\w+\s+)*(?:you\s+are|to\s+be)\s/i,
  concealment: /do\s+not\s+(?:\w+\s+)*tell\s+(?:\w+\s+)*the\s+user/i,
  'the conversation given away':
    /\b(?:include|output|print|send|share)\s+(?:\w+\s+){0,3}(?:conversation|chat\s+history|previous\s+messages)\b/i,
  'characters that are not seen': /[\u200b-\u200d\u2060\u2062-\u2064\u202a-\u202e\u2066-\u2069\ufeff]/,
}

export interface Finding {
  rule: string
  file: string
  line: string
}

/** Scans a skill's folder. `all`: also files that it does not open. */
export function scan(folder: string, { all = false } = {}): Finding[] {
  const findings: Finding[] = []
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  for (const file of entries) {
    const stats = lstatSync(join(folder, file))
    if (stats.isSymbolicLink()) findings.push({ rule: 'a link', file, line: '' })
    if (!stats.isFile()) continue
    if (!all && !SCANNED.includes(extname(file))) continue
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n'))
      for (const [rule, pattern] of Object.entries(RULES)) {
        const at = pattern.exec(line)
        if (at !== null) findings.push({ rule, file, line: line.slice(Math.max(0, at.index - 40), at.index + 60) })
      }
  }
  return findings
}
