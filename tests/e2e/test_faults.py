"""Two hundred customers write while the control bot's API breaks: nothing is lost, and what may be double says so."""

from __future__ import annotations

from tests.e2e.conftest import Office

CUSTOMERS = 200
PATIENCE = 60.0


async def test_no_customer_is_lost_while_the_control_bots_api_breaks(lite: Office) -> None:
    team = await lite.company("Олег")
    customers = [lite.customer(f"Клиент {number}") for number in range(CUSTOMERS)]
    for kind, often in (("429", 0.02), ("500", 0.05), ("reset_before", 0.05), ("reset_after", 0.05)):
        lite.telegram.fault(kind, bot=lite.desk, method="sendMessage", times=None, probability=often, retry_after=1)
    for number, customer in enumerate(customers):
        lite.say(customer, f"вопрос {number}.")
    words = [f"вопрос {number}." for number in range(CUSTOMERS)]
    for member in team:
        await lite.until(lambda member=member: all(lite.holding(member, one) for one in words), PATIENCE)
    for member in team:
        for one in words:
            shown = lite.holding(member, one)
            assert len(shown) == 1 or any("возможен повтор" in (card.text or "") for card in shown), one
