// Loaded before a server by `node --import`: its machine's clock is wrong by WRONG_BY_MS, and steps as far again at SIGUSR2.
import process from 'node:process'

const step = Number(process.env.WRONG_BY_MS)
const rightNow = Date.now
let wrongBy = step
process.on('SIGUSR2', () => {
  wrongBy += step
})
Date.now = () => rightNow() + wrongBy
