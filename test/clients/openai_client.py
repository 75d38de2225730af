"""Solves the task of `weather.ts` with the openai Python client: plainly, then from streams."""

import json
import sys

from openai import APIStatusError, OpenAI

TEMPERATURES = {"Oslo": 12, "Rome": 31}


def get_temperature(city: str) -> str:
    return json.dumps({"city": city, "degrees": TEMPERATURES[city]})


def ask(client: OpenAI, request: dict, is_streamed: bool):
    if not is_streamed:
        return client.chat.completions.create(**request)
    with client.chat.completions.stream(**request) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion()


def solve(client: OpenAI, question: str, tools: list[dict], is_streamed: bool) -> dict:
    messages: list = [{"role": "user", "content": question}]
    thoughts = []
    while True:
        request = {"model": "weather", "messages": messages, "tools": tools}
        message = ask(client, request, is_streamed).choices[0].message
        if not message.tool_calls:
            return {"answer": message.content, "thoughts": thoughts}
        thoughts.append(message.content)
        # The client's own object goes back as it is.
        messages.append(message)
        for call in message.tool_calls:
            content = get_temperature(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})


def refusal(client: OpenAI) -> dict:
    try:
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "?"}])
    except APIStatusError as error:
        return {"status": error.status_code, "code": error.code, "param": error.param}
    raise AssertionError("an unknown model was accepted")


def main() -> None:
    given = json.load(sys.stdin)
    client = OpenAI(api_key=given["key"], base_url=given["url"], max_retries=0)
    solved = [solve(client, given["question"], given["tools"], is_streamed) for is_streamed in (False, True)]
    models = [model.id for model in client.models.list()]
    json.dump({"solved": solved, "models": models, "refusal": refusal(client)}, sys.stdout)


if __name__ == "__main__":
    main()
