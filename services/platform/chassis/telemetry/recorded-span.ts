import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';

/** What the spans of one tracer have in common. */
export interface SpanOrigin {
  readonly resource: Resource;
  readonly instrumentationScope: { readonly name: string; readonly version?: string };
  readonly onEnd: (span: ReadableSpan) => void;
}

/** What a span begins with. */
interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes | undefined;
  readonly links: Link[] | undefined;
  readonly startTime: TimeInput | undefined;
}

const unset: SpanStatus = { code: SpanStatusCode.UNSET };
const noAttributes: Attributes = Object.freeze({});
const noLinks: Link[] = [];
const noEvents: TimedEvent[] = [];
/** The specification's default for each (https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits). Cloud Trace takes as many links. */
const maxEvents = 128;
const maxLinks = 128;

/**
 * A span of the OpenTelemetry API that holds no more than was said of it: busy servers keep hundreds until they are exported. What exporters read beside that is
 * worked out when they ask. Frozen attributes are shared, others copied.
 */
export class RecordedSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  attributes: Attributes;
  links: Link[];
  events: TimedEvent[] = noEvents;
  status: SpanStatus = unset;
  ended = false;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly #origin: SpanOrigin;
  readonly #context: SpanContext;
  /** Milliseconds since the epoch. */
  readonly #startedAt: number;
  /** The same instant on the clock that nobody sets. */
  readonly #startedTick = performance.now();
  #endedAt = 0;

  constructor(origin: SpanOrigin, { name, kind, context, parent, attributes = noAttributes, links = noLinks, startTime }: SpanStart) {
    this.#origin = origin;
    this.name = name;
    this.kind = kind;
    this.#context = context;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.attributes = Object.isFrozen(attributes) ? attributes : { ...attributes };
    this.links = links;
    this.#startedAt = startTime === undefined ? Date.now() : epochMs(startTime);
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    if (this.ended) return this;
    if (this.attributes === noAttributes && Object.isFrozen(attributes)) this.attributes = attributes;
    else if (Object.isFrozen(this.attributes)) this.attributes = { ...this.attributes, ...attributes };
    else Object.assign(this.attributes, attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    if (this.events.length >= maxEvents) {
      this.droppedEventsCount++;
      return this;
    }
    const isTime = typeof attributesOrTime === 'number' || attributesOrTime instanceof Date || Array.isArray(attributesOrTime);
    const attributes = isTime ? {} : { ...(attributesOrTime as Attributes | undefined) };
    const at = isTime ? attributesOrTime : time;
    this.events = [
      ...this.events,
      { name, attributes, time: hrTime(at === undefined ? this.#now() : epochMs(at)), droppedAttributesCount: 0 },
    ];
    return this;
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    if (this.ended) return this;
    // A sweep links its span with every order that it changes: tens of thousands, after an outage.
    const room = maxLinks - this.links.length;
    if (room > 0) this.links = [...this.links, ...links.slice(0, room)];
    this.droppedLinksCount += Math.max(0, links.length - room);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.ended && status.code !== SpanStatusCode.UNSET && this.status.code !== SpanStatusCode.OK) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const { name, message, stack, code } =
      typeof exception === 'string'
        ? ({ message: exception } as { name?: string; message?: string; stack?: string; code?: string | number })
        : exception;
    const type = code === undefined ? name : String(code);
    this.addEvent(
      'exception',
      {
        ...(type !== undefined && { 'exception.type': type }),
        ...(message !== undefined && { 'exception.message': message }),
        ...(stack !== undefined && { 'exception.stacktrace': stack }),
      },
      time,
    );
  }

  end(time?: TimeInput): void {
    if (this.ended) return;
    this.#endedAt = Math.max(this.#startedAt, time === undefined ? this.#now() : epochMs(time));
    this.ended = true;
    this.#origin.onEnd(this);
  }

  get startTime(): HrTime {
    return hrTime(this.#startedAt);
  }

  get endTime(): HrTime {
    return hrTime(this.#endedAt);
  }

  get duration(): HrTime {
    return hrTime(this.#endedAt - this.#startedAt);
  }

  get resource(): Resource {
    return this.#origin.resource;
  }

  get instrumentationScope(): SpanOrigin['instrumentationScope'] {
    return this.#origin.instrumentationScope;
  }

  get droppedAttributesCount(): number {
    return 0;
  }

  #now(): number {
    return this.#startedAt + performance.now() - this.#startedTick;
  }
}

/** Milliseconds since the epoch. Numbers may be those of `performance.now()`. */
function epochMs(time: TimeInput): number {
  if (time instanceof Date) return time.getTime();
  if (Array.isArray(time)) return time[0] * 1_000 + time[1] / 1e6;
  return time <= performance.now() ? performance.timeOrigin + time : time;
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const micros = Math.round(ms * 1_000);
  return [Math.floor(micros / 1e6), (micros % 1e6) * 1_000];
}
