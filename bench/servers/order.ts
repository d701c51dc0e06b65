import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  GetOrderRequestSchema,
  Order_PaymentState,
  Order_State,
  OrderSchema,
} from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';

/** The order that every server of a benchmark answers with. */
export const orderName = 'orders/0197c1d0-3f5e-7c11-9a52-1f2e3d4c5b6a';

/** It, as a handler returns it. */
export const order = create(OrderSchema, {
  name: orderName,
  group: 'groups/0197c1d0-3f5e-7c11-9a52-000000000001',
  deal: 'deals/0197c1d0-3f5e-7c11-9a52-000000000002',
  quantity: 1,
  total: { currencyCode: 'JPY', units: 1_980n },
  state: Order_State.SHIPPED,
  paymentState: Order_PaymentState.CAPTURED,
  createTime: timestampFromDate(new Date('2026-01-01T00:00:00Z')),
  carrier: 'hayabusa',
  trackingNumber: 'SW0000000001',
});

/** The request for it, in base64. */
export const orderRequest = Buffer.from(toBinary(GetOrderRequestSchema, create(GetOrderRequestSchema, { name: orderName }))).toString(
  'base64',
);

/** The method's gRPC path. */
export const orderPath = '/kumiko.customer.v1.CustomerService/GetOrder';
