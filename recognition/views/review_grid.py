"""Where reviewers work: many faces at once, by the person whom the site named."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from recognition.forms.fields import numbers
from recognition.forms.review import QueueFilter
from recognition.messages.review import verdict_refused
from recognition.presenters import reviews
from recognition.services.review import queue, verdicts
from recognition.services.review.verdicts import VerdictRefused
from recognition.views.requests import Request, form_methods, may_review
from recognition.views.review import same_filter

GROUPS = 6


@may_review
@form_methods
def review_grid(request: Request) -> HttpResponse:
    """POST is one verdict about all the faces that are ticked."""
    if request.method == "POST":
        return _judge(request)
    chosen = QueueFilter(request.GET)
    groups = queue.groups(chosen.queue(), request.user, GROUPS)
    context = {
        "crowds": reviews.crowds(groups),
        "form": chosen,
        "query": chosen.query,
        "judged": numbers(request.GET.getlist("done")),
    }
    return render(request, "review/grid.html", context)


def _judge(request: Request) -> HttpResponse:
    """Faces that somebody else has taken over stay as they are."""
    done, refused, verdict = list[int](), set[str](), request.POST.get("verdict", "")
    for face in numbers(request.POST.getlist("face")):
        try:
            done.append(verdicts.judge(face, request.user, verdict).pk)
        except VerdictRefused as error:
            refused.add(error.code)
    for code in refused:
        messages.error(request, verdict_refused(code))
    said = ngettext("%(count)d face judged.", "%(count)d faces judged.", len(done))
    messages.success(request, said % {"count": len(done)})
    return redirect(same_filter(request, "review_grid", done=done))
