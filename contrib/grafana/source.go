package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// source is a Prometheus.
type source struct{ url string }

// series is one of the results of a query.
type series struct {
	labels map[string]string
	points []point
}

type point struct{ time, value float64 }

// over asks for an expression between two times.
func (s source) over(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]series, error) {
	return s.ask(ctx, "query_range", url.Values{
		"query": {expr}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

// at asks for an expression at one time.
func (s source) at(ctx context.Context, expr string, when time.Time) ([]series, error) {
	return s.ask(ctx, "query", url.Values{"query": {expr}, "time": {stamp(when)}})
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

func (s source) ask(ctx context.Context, what string, values url.Values) ([]series, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/"+what+"?"+values.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  *sample
				Values []sample
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s: %s", values.Get("query"), answer.Error)
	}
	var all []series
	for _, r := range answer.Data.Result {
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		one := series{labels: r.Metric}
		for _, v := range r.Values {
			if !math.IsNaN(v.value) && !math.IsInf(v.value, 0) {
				one.points = append(one.points, point(v))
			}
		}
		if len(one.points) > 0 {
			all = append(all, one)
		}
	}
	return all, nil
}

// sample is a pair of a time and a value, which is a string.
type sample point

// UnmarshalJSON reads [1700000000.1,"3.5"].
func (s *sample) UnmarshalJSON(text []byte) error {
	var value string
	if err := json.Unmarshal(text, &[]any{&s.time, &value}); err != nil {
		return err
	}
	var err error
	s.value, err = strconv.ParseFloat(value, 64)
	return err
}
