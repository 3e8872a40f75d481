// Reads cases in the neutral format, simulates all of them over and over for so many seconds, and prints how many a CPU
// second it did, with the verdicts of the first round.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const [file, seconds] = process.argv.slice(2)
const lines = readFileSync(file, 'utf8').trim().split('\n')

function simulation(line) {
  const { request, identity_policies: policies } = JSON.parse(line)
  return {
    identityPolicies: policies.map(({ name, document }) => ({ name, policy: document })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: {
      action: request.action,
      principal: request.principal.arn,
      resource: { resource: request.resource.arn, accountId: request.resource.account },
      contextVariables: request.context,
    },
  }
}

const verdicts = []
for (const line of lines) {
  verdicts.push((await runSimulation(simulation(line), {})).overallResult)
}
let count = 0
const before = process.cpuUsage()
const until = Date.now() + 1000 * Number(seconds)
while (Date.now() < until) {
  await runSimulation(simulation(lines[count % lines.length]), {})
  count += 1
}
const used = process.cpuUsage(before)
console.log(JSON.stringify({ verdicts, rate: count / ((used.user + used.system) / 1e6) }))
