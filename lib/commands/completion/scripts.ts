/** What a shell is given. Each asks `agent-sessions completion suggest` for the words that fit, one to a line. */

const BASH = `# agent-sessions for bash: eval "$(agent-sessions completion bash)"
_agent_sessions() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <(agent-sessions completion suggest -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -o nosort -F _agent_sessions agent-sessions 2>/dev/null ||
  complete -o default -F _agent_sessions agent-sessions
`

const ZSH = `#compdef agent-sessions
# agent-sessions for zsh: eval "$(agent-sessions completion zsh)", after compinit
_agent_sessions() {
  local -a words_that_fit
  words_that_fit=("\${(@f)$(agent-sessions completion suggest -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  words_that_fit=("\${(@)words_that_fit:#}")
  if (( \${#words_that_fit} )); then compadd -- "\${(@)words_that_fit}"; else _files; fi
}
compdef _agent_sessions agent-sessions
`

const FISH = `# agent-sessions for fish: agent-sessions completion fish | source
function __agent_sessions
    set -l before (commandline -opc)
    agent-sessions completion suggest -- $before[2..-1] (commandline -ct) 2>/dev/null
end
complete -c agent-sessions -a '(__agent_sessions)'
`

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
