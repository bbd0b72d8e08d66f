//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/orders/1 -X DELETE -u TOKEN: # 403
//
// Nest: an API that trusts a Latchkey server. Start one with "npx @latchkey/server serve", then this: npx tsx examples/nest.ts
import 'reflect-metadata'
import { Controller, Delete, Get, HttpCode, Module, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { createAuth, type User } from 'latchkey'
import { CurrentUser, guard } from 'latchkey/nest'

const auth = createAuth({ server: 'http://localhost:4000' })

@Controller('orders')
class OrdersController {
  @Get()
  @UseGuards(guard(auth))
  list(@CurrentUser() user: User) {
    return { for: user.uid }
  }

  @Delete(':id')
  @HttpCode(204)
  @UseGuards(guard(auth, 'order:cancel'))
  cancel() {}
}

@Module({ controllers: [OrdersController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] })
await app.listen(3000)
