import { httpCallBody, httpCallStatus } from "../../abi/http-call";

/** What Envoy says where it gives up a call by itself. It gives such a call an answer of its own, 504 or 503, and one that broke midway no headers. */
const TIMED_OUT = "upstream request timeout";
const NO_CONNECTION = "upstream connect error or disconnect/reset before headers. reset reason: ";
const LONGEST_TEXT: u32 = 1_024;

/** The head of an answer to a call. */
export class Answer {
  /** Why it brings nothing; "" where it is a 200. */
  fault: string = "";
  /** Whether the same question may have another answer in a moment. */
  retryable: bool = true;
}

/** Reads it; only during the callback of the call. What the server says beside its status is not repeated: the log must never show a token. */
export function readAnswer(headers: u32, bodySize: u32, timeoutMs: u32): Answer {
  const answer = new Answer();
  const status = headers == 0 ? "" : httpCallStatus();
  if (status == "200") return answer;
  answer.retryable = status == "" || status.startsWith("5") || status == "408" || status == "429";
  answer.fault = status == "" ? "the connection broke" : "it answered with status " + status;
  if (status != "503" && status != "504") return answer;
  const body = bodySize <= LONGEST_TEXT ? httpCallBody(bodySize) : null;
  const text = body === null ? "" : String.UTF8.decode(body);
  if (text == TIMED_OUT) answer.fault = "no answer within " + timeoutMs.toString() + " ms";
  else if (text.startsWith(NO_CONNECTION)) answer.fault = "no connection, " + text.substring(NO_CONNECTION.length);
  return answer;
}
