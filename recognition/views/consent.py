from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from recognition.confirmation import confirmed
from recognition.forms.consent import ChosenPeople, ConsentForm, TextForm, WithdrawalForm
from recognition.messages.privacy import agreed
from recognition.models import ConsentText, Person, Purpose
from recognition.services import consent
from recognition.services.gallery import agreements
from recognition.services.privacy import consent_texts
from recognition.views.requests import Request, form_methods, may_manage_people


@may_manage_people
@form_methods
def consent_give(request: Request) -> HttpResponse:
    """What somebody agreed to, or several people, or all who are found."""
    chosen = ChosenPeople(request.POST or request.GET)
    people = chosen.people()
    if not people.exists():
        messages.info(request, _("Nobody was chosen."))
        return redirect("people")
    form = ConsentForm(_sent(request))
    if form.is_valid():
        count = agreements.give(people, form.agreed(), request.user)
        messages.success(request, agreed(count))
        return _back_to(people)
    context = {"count": people.count(), "one": _only(people), "chosen": chosen, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "consent/give.html", context, status=status)


def _sent(request: Request) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _only(people: QuerySet[Person]) -> Person | None:
    found = list(people[:2])
    return found[0] if len(found) == 1 else None


def _back_to(people: QuerySet[Person]) -> HttpResponse:
    one = _only(people)
    return redirect("person", one.pk) if one else redirect("people")


@may_manage_people
@form_methods
@confirmed
def consent_withdraw(request: Request, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    among = _held(person)
    if not among:
        return redirect("person", pk)
    form = WithdrawalForm(_sent(request), among=among, initial=dict.fromkeys(among, True))
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"person": person, "form": form}
        return render(request, "consent/withdraw.html", context, status=status)
    agreements.withdraw(person, form.purposes, request.user)
    messages.success(request, _("The withdrawal is recorded."))
    return redirect("person", pk)


def _held(person: Person) -> list[Purpose]:
    """To what somebody agrees now."""
    held = set(consent.held(*Purpose).filter(person=person).values_list("purpose", flat=True))
    return [purpose for purpose in Purpose if purpose in held]


@may_manage_people
@require_safe
def consent_texts_list(request: Request) -> HttpResponse:
    texts = ConsentText.objects.select_related("created_by").annotate(used=Count("consents"))
    return render(request, "consent/texts.html", {"texts": texts})


@may_manage_people
@require_safe
def consent_text(request: Request, number: int) -> HttpResponse:
    text = get_object_or_404(ConsentText, number=number)
    return render(request, "consent/text.html", {"text": text})


@may_manage_people
@form_methods
def consent_text_add(request: Request) -> HttpResponse:
    """Begins with the words that are in use."""
    in_use = ConsentText.objects.latest("number")
    form = TextForm(_sent(request), initial={"words": in_use.text})
    if form.is_valid():
        try:
            text = consent_texts.add(form.cleaned_data["words"], request.user)
        except consent_texts.SameWords as same:
            said = _("This is the text of version %(number)d, word for word.") % {
                "number": same.number
            }
            form.add_error("words", said)
        else:
            return redirect("consent_text", text.number)
    status = 422 if form.is_bound else 200
    return render(request, "consent/text_add.html", {"form": form}, status=status)
